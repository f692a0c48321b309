import { get, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Express } from 'express';
import request from 'supertest';
import { StoreUnavailableError } from '../../../src/index.js';
import {
  both,
  cookieOf,
  dataOf,
  middlewares,
  SECRET,
  type SessionApp,
  startSessionApp,
} from '../../support/session-app.js';

type Answer = (res: ServerResponse) => void;

const TEXT = 'grüße, 世界';

/** Ways to answer, and the body that a client must see. */
const ways: Record<string, [answer: Answer, body: string, headers?: Record<string, string>]> = {
  'end with nothing': [(res) => void res.end(), ''],
  'end with a text': [(res) => void res.end(TEXT), TEXT],
  'end with an encoding': [(res) => void res.end('68656c6c6f', 'hex'), 'hello'],
  'end with a buffer': [(res) => void res.end(Buffer.from(TEXT)), TEXT],
  'end with bytes': [(res) => void res.end(new Uint8Array([104, 105])), 'hi'],
  'end with an empty text': [(res) => void res.end(''), ''],
  'end with null': [(res) => void res.end(null), ''],
  'write and end': [
    (res) => {
      res.write('one, ');
      res.end('two');
    },
    'one, two',
  ],
  'several writes': [
    (res) => {
      res.write('1');
      res.write('2');
      res.end();
    },
    '12',
  ],
  'a stream': [(res) => void Readable.from(['a', 'b', 'c']).pipe(res), 'abc'],
  'writeHead and end': [(res) => void res.writeHead(200, { 'X-One': '1' }).end('x'), 'x', { 'x-one': '1' }],
  'flushHeaders and end': [
    (res) => {
      res.flushHeaders();
      res.end('x');
    },
    'x',
  ],
  'a Content-Length': [
    (res) => {
      res.setHeader('Content-Length', 5);
      res.end('12345');
    },
    '12345',
    { 'content-length': '5' },
  ],
  'a Content-Length and writes': [
    (res) => {
      res.setHeader('Content-Length', 4);
      res.write('12');
      res.end('34');
    },
    '1234',
    { 'content-length': '4' },
  ],
  'a second end': [
    (res) => {
      res.end('first');
      res.end('second');
    },
    'first',
  ],
};

const routes = (app: Express) => {
  for (const [name, [answer]] of Object.entries(ways)) {
    app.all(`/${encodeURIComponent(name)}`, (req, res) => {
      dataOf(req).n = Math.random();
      answer(res);
    });
  }
  app.get('/not-modified', (req, res) => {
    dataOf(req).n = Math.random();
    res.status(304).end();
  });
  app.get('/no-content', (req, res) => {
    dataOf(req).n = 1;
    res.status(204).end();
  });
  app.get('/n', (req, res) => void res.json(dataOf(req).n ?? null));
};

describe.each(both)('an answer through %s that waits for a save', (middleware) => {
  let app: SessionApp;
  beforeAll(async () => {
    app = await startSessionApp(middlewares[middleware](), routes);
  });
  afterAll(() => app.close());

  it.each(Object.entries(ways))('%s', async (name, [, body, headers = {}]) => {
    const agent = app.agent();
    const answer = await agent
      .get(`/${encodeURIComponent(name)}`)
      .buffer(true)
      .parse(asText)
      .expect(200);
    expect(answer.body).toBe(body);
    expect(answer.headers).toMatchObject(headers);
    expect(cookieOf(answer)).toBeDefined();
    // Whoever has the answer finds the session saved.
    expect((await agent.get('/n').expect(200)).body).toEqual(expect.any(Number));
  });

  it('HEAD has the headers and no body', async () => {
    const answer = await request(app.url).head('/end%20with%20a%20text').expect(200);
    expect(answer.text).toBeUndefined();
    expect(cookieOf(answer)).toBeDefined();
  });

  it.each([
    ['/not-modified', 304],
    ['/no-content', 204],
  ])('%s has no body', async (path, status) => {
    const answer = await request(app.url).get(path).expect(status);
    expect(answer.text).toBe('');
    expect(cookieOf(answer)).toBeDefined();
  });
});

describe('an answer of oauthSession', () => {
  const apps: SessionApp[] = [];
  const start = async (add: (app: Express) => void) => {
    const app = await startSessionApp({ secret: SECRET }, add);
    apps.push(app);
    return app;
  };
  afterAll(() => Promise.all(apps.map((app) => app.close())));

  it('goes out in one piece, with the Content-Length that Node gives it', async () => {
    const app = await start((it) => {
      it.get('/', (req, res) => {
        dataOf(req).n = 1;
        res.end('hello');
      });
    });
    const answer = await request(app.url).get('/').expect(200);
    expect(answer.headers['content-length']).toBe('5');
  });

  it('calls back when it has ended', async () => {
    const ended: string[] = [];
    const app = await start((it) => {
      it.get('/', (req, res) => {
        dataOf(req).n = 1;
        res.end('hello', 'utf8', () => ended.push('called'));
      });
    });
    await request(app.url).get('/').expect(200, 'hello');
    expect(ended).toEqual(['called']);
  });

  it('is not changed by what the app does after its end', async () => {
    const app = await start((it) => {
      it.get('/', (req, res) => {
        dataOf(req).n = 1;
        res.status(201).set('X-Is', 'kept').json({ done: true });
        throw new Error('too late');
      });
    });
    const answer = await request(app.url).get('/').expect(201, { done: true });
    expect(answer.headers).toMatchObject({
      'x-is': 'kept',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(app.errors.map(({ message }) => message)).toEqual(['too late']);
  });

  it('is an error instead when the save fails, without a cookie and without what was to be answered', async () => {
    const app = await start((it) => {
      it.get('/', (req, res) => {
        req.sessionStore.set = (_sid, _data, done) =>
          done?.(new StoreUnavailableError('store_unavailable', 'Redis is gone.'));
        dataOf(req).n = 1;
        res.set('ETag', 'x').type('html').send('<p>saved');
      });
    });
    const answer = await request(app.url).get('/').expect(503, 'Redis is gone.');
    expect(cookieOf(answer)).toBeUndefined();
    expect(answer.headers.etag).not.toBe('x');
    expect(app.errors).toHaveLength(1);
  });

  it('that has begun is broken off when the save fails', async () => {
    const app = await start((it) => {
      it.get('/', (req, res) => {
        req.sessionStore.set = (_sid, _data, done) => done?.(new Error('gone'));
        dataOf(req).n = 1;
        res.write('the beginning');
        res.end('the end');
      });
    });
    const outcome = await new Promise<string>((resolve) => {
      get(app.url, (res) => {
        let text = '';
        res.on('data', (chunk) => {
          text += chunk;
        });
        res.on('end', () => resolve(`ended ${text}`)).on('error', () => resolve(`broken ${text}`));
      }).on('error', () => resolve('broken'));
    });
    expect(outcome).toMatch(/^broken(?: the beginning)?$/);
  });

  it('that is put through another layer comes through whole', async () => {
    const app = await start((it) => {
      // As compression does it: a wrapper of `write` and `end` above ours.
      it.use((req, res, next) => {
        dataOf(req).n = 1;
        const { end } = res;
        res.end = ((chunk: unknown) => end.call(res, `<${chunk}>`, 'utf8')) as typeof res.end;
        next();
      });
      it.get('/', (_req, res) => void res.end('x'));
    });
    const answer = await request(app.url).get('/').expect(200, '<x>');
    expect(cookieOf(answer)).toBeDefined();
  });
});

function asText(res: request.Response, done: (error: Error | null, text: string) => void): void {
  const chunks: Buffer[] = [];
  const stream = res as unknown as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks).toString()));
}
