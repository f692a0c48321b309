import { Agent, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import onHeaders from 'on-headers';
import request from 'supertest';
import { StoreUnavailableError } from '../../../src/index.js';
import { waitFor } from '../../support/app.js';
import {
  both,
  closeSessionApps,
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
  'a pipeline': [
    (res) => void pipeline(Readable.from(['a', 'b', 'c']), res, (error) => error && res.destroy()),
    'abc',
  ],
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

/** Middlewares that are the first to touch the session, when the answer goes out. */
const late: Record<string, [mount: RequestHandler, answer: Answer]> = {
  'a wrapper of end': [
    (req, res, next) => {
      const { end } = res;
      res.end = ((...args: never[]) => {
        dataOf(req).n = 1;
        return end.apply(res, args as never);
      }) as typeof res.end;
      next();
    },
    (res) => void res.end('x'),
  ],
  'a wrapper of writeHead': [
    (req, res, next) => {
      const { writeHead } = res;
      res.writeHead = ((...args: never[]) => {
        dataOf(req).n = 1;
        return writeHead.apply(res, args as never);
      }) as typeof res.writeHead;
      next();
    },
    (res) => void res.writeHead(200, { 'Set-Cookie': 'other=y' }).end('x'),
  ],
  'an on-headers listener': [
    (req, res, next) => {
      onHeaders(res, () => {
        dataOf(req).n = 1;
      });
      next();
    },
    (res) => {
      res.write('');
      res.end('x');
    },
  ],
};

/** Requests whose error handler saw no answer. */
const takenForUnanswered: string[] = [];

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
  app.get('/and-error', (req, res) => {
    const { set } = req.sessionStore;
    req.sessionStore.set = function (sid, data, done) {
      req.sessionStore.set = set;
      // What comes of the error is there before the save is.
      set.call(this, sid, data, (error) => setImmediate(() => setImmediate(() => done?.(error))));
    };
    dataOf(req).n = 1;
    res.send('hello');
    throw new Error('too late');
  });
  app.use('/and-error', ((error, req, res, next) => {
    if (!res.headersSent) takenForUnanswered.push(req.url);
    if (!req.query.log) next(error);
  }) satisfies ErrorRequestHandler);
  app.use('/captured', (req, res) => {
    const finish = res.end.bind(res) as (text: string) => void;
    dataOf(req).n = 1;
    finish('x');
  });
  for (const [name, [mount, answer]] of Object.entries(late)) {
    app.get(`/late/${encodeURIComponent(name)}/:when`, mount, (req, res) => {
      if (req.params.when === 'again') expect(dataOf(req).n).toBeUndefined();
      answer(res);
    });
  }
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
    expect(app.errors).toEqual([]);
  });

  it('ended by a method that was taken before the session was touched', async () => {
    const agent = app.agent();
    const answer = await agent.get('/captured').expect(200, 'x');
    expect(cookieOf(answer)).toBeDefined();
    expect((await agent.get('/n')).body).toBe(1);
  });

  describe.each(Object.keys(late))('with %s', (name) => {
    it.each(['first', 'again'])('that touches the session %s', async (when) => {
      const agent = app.agent();
      const answer = await agent.get(`/late/${encodeURIComponent(name)}/${when}`).expect(200, 'x');
      const cookies = answer.headers['set-cookie'] as unknown as string[];
      expect(cookies.filter((one) => one.startsWith('sid='))).toHaveLength(1);
      if (name === 'a wrapper of writeHead') expect(cookies).toContain('other=y');
      expect((await agent.get('/n')).body).toBe(1);
    });
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

  it('tells who handles a later error that it was given already', async () => {
    expect(await outcomeOf(`${app.url}/and-error?log=1`)).toBe('ended hello');
    expect(takenForUnanswered.splice(0)).toEqual([]);
  });

  // express-session has sent all but the last byte of it by then.
  it(`is ${middleware === 'oauthSession' ? 'whole' : 'broken off'} when a later error reaches Express`, async () => {
    expect(await outcomeOf(`${app.url}/and-error`)).toMatch(
      middleware === 'oauthSession' ? /^ended hello$/ : /^broken/,
    );
  });
});

describe('an answer of oauthSession', () => {
  const start = (add: (app: Express) => void) => startSessionApp({ secret: SECRET }, add);
  afterAll(closeSessionApps);

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
        res.status(500).set({ 'X-Is': 'changed', 'X-Is-Not': 'added' }).removeHeader('Content-Type');
        res.end('something else');
      });
    });
    const answer = await request(app.url).get('/').expect(201, { done: true });
    expect(answer.headers).toMatchObject({
      'x-is': 'kept',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(answer.headers).not.toHaveProperty('x-is-not');
  });

  it.each<[what: string, late: (res: Response) => void]>([
    ['writeHead', (res) => void res.writeHead(500, { 'X-Is': 'changed' })],
    ['flushHeaders', (res) => void res.flushHeaders()],
    ['write', (res) => void res.write('more')],
    ['an on-headers listener', (res) => onHeaders(res, () => res.set('X-Is', 'changed'))],
    [
      'a wrapper of write',
      (res) => {
        res.write = (() => true) as typeof res.write;
      },
    ],
  ])('is not changed by %s after its end, and what Node says of it is said', async (what, late) => {
    const said: unknown[] = [];
    const app = await start((it) => {
      it.get('/', (req, res) => {
        if (req.query.saved) dataOf(req).n = 1;
        res.on('error', (error: NodeJS.ErrnoException) => said.push(error.code));
        res.set('X-Is', 'kept').send('hello');
        try {
          late(res);
        } catch (error) {
          said.push((error as NodeJS.ErrnoException).code ?? error);
        }
      });
    });
    const answer = await request(app.url).get('/?saved=1').expect(200, 'hello');
    expect(answer.headers['x-is']).toBe('kept');
    const here = said.splice(0);
    await request(app.url).get('/').expect(200, 'hello');
    expect(here).toEqual(said);
    expect(said).toHaveLength(what === 'writeHead' || what === 'write' ? 1 : 0);
  });

  it('calls back to a write that comes after its end', async () => {
    const said: unknown[] = [];
    const app = await start((it) => {
      it.get('/', (req, res) => {
        dataOf(req).n = 1;
        res.on('error', () => {});
        res.end('hello');
        said.push(res.write('more', (error) => said.push((error as NodeJS.ErrnoException).code)));
      });
    });
    await request(app.url).get('/').expect(200, 'hello');
    expect(said).toEqual([false, 'ERR_STREAM_WRITE_AFTER_END']);
  });

  it.each<[what: string, destroy: (req: Request, res: Response) => void]>([
    [
      'an error that Express itself handles',
      () => {
        throw new Error('too late');
      },
    ],
    ['who destroys its connection', (req) => void req.socket.destroy()],
    ['who destroys it', (_req, res) => void res.destroy()],
  ])('goes out in spite of %s, and its connection ends then', async (_what, destroy) => {
    const ended: unknown[] = [];
    const app = await start((it) => {
      it.get('/', (req, res) => {
        dataOf(req).n = 1;
        res.send(TEXT.repeat(1000));
        req.socket.once('close', () => ended.push('ended'));
        // It would live on otherwise.
        (req.socket as unknown as { server: Server }).server.keepAliveTimeout = 0;
        destroy(req, res);
      });
    });
    const agent = new Agent({ keepAlive: true });
    expect(await outcomeOf(app.url, agent)).toBe(`ended ${TEXT.repeat(1000)}`);
    await waitFor(() => ended.length === 1);
    agent.destroy();
  });

  it('is given up when its connection fails, or when somebody insists', async () => {
    const closed: string[] = [];
    const app = await start((it) => {
      it.get('/:how', (req, res) => {
        req.sessionStore.set = () => {};
        dataOf(req).n = 1;
        res.send('never');
        req.socket.once('error', () => {}).once('close', () => closed.push(req.params.how as string));
        req.socket.destroy(req.params.how === 'fails' ? new Error('of the network') : undefined);
        if (req.params.how === 'insists') req.socket.destroy();
      });
    });
    for (const how of ['fails', 'insists']) expect(await outcomeOf(`${app.url}/${how}`)).toBe('broken');
    expect(closed).toEqual(['fails', 'insists']);
  });

  it('says that it has ended while it waits, and no longer when the save has failed', async () => {
    const says: unknown[] = [];
    const app = await start((it) => {
      it.get('/', (req, res) => {
        const look = () => says.push([res.headersSent, res.writableEnded]);
        req.sessionStore.set = (_sid, _data, done) => {
          setImmediate(() => {
            look();
            done?.(new Error('gone'));
          });
        };
        dataOf(req).n = 1;
        look();
        res.end('saved');
        look();
      });
      it.use(((error, _req, res, next) => {
        says.push([res.headersSent, res.writableEnded]);
        next(error);
      }) satisfies ErrorRequestHandler);
    });
    await request(app.url).get('/').expect(500, 'gone');
    expect(says).toEqual([
      [false, false],
      [true, true],
      [true, true],
      [false, false],
    ]);
  });

  // These threw after the save, in a promise that nobody looked at: the process ended.
  it.each<[what: string, answer: Answer, message: RegExp]>([
    [
      'an invalid status code',
      (res) => {
        res.statusCode = 1000;
        res.end('x');
      },
      /status code: 1000/,
    ],
    [
      'an invalid status message',
      (res) => {
        res.statusMessage = 'a\nb';
        res.end('x');
      },
      /statusMessage/,
    ],
    ['a chunk of the wrong type', (res) => void res.end(42), /"chunk" argument/],
    [
      'an on-headers listener that throws',
      (res) => {
        onHeaders(res, () => {
          throw new Error('of a listener');
        });
        res.end('x');
      },
      /of a listener/,
    ],
  ])('with %s is an error instead', async (_what, answer, message) => {
    const app = await start((it) => {
      it.get('/', (req, res) => {
        dataOf(req).n = 1;
        res.setHeader('ETag', 'x');
        answer(res);
      });
    });
    const { text, headers } = await request(app.url).get('/').expect(500);
    // Answered by the error handler of the app, not by that of Express.
    expect(text).toMatch(message);
    expect(app.errors.map((error) => error.message)).toEqual([text]);
    expect(headers.etag).not.toBe('x');
  });

  it('that has begun is broken off when its end is wrong', async () => {
    const app = await start((it) => {
      it.get('/', (req, res) => {
        dataOf(req).n = 1;
        res.write('the beginning');
        res.end(42);
      });
    });
    expect(await outcomeOf(app.url)).toMatch(/^broken/);
    expect(app.errors.map(({ message }) => message)).toEqual([expect.stringContaining('"chunk" argument')]);
  });

  it('that has begun is broken off even where the app ends it for all errors', async () => {
    const app = await start((it) => {
      it.get('/', (req, res) => {
        req.sessionStore.set = (_sid, _data, done) => done?.(new Error('gone'));
        dataOf(req).n = 1;
        res.write('the beginning');
        res.end('the end');
      });
      it.use(((_error, _req, res, _next) => void res.end()) satisfies ErrorRequestHandler);
    });
    expect(await outcomeOf(app.url)).toMatch(/^broken/);
  });

  it('is an error instead when the save fails, without a cookie and without what was to be answered', async () => {
    // None of these describes what was to be answered.
    const ofTheApp = {
      'x-content-type-options': 'nosniff',
      'etag-kind': 'strong',
      'last-modified-by': 'somebody',
      'location-kind': 'none',
    };
    const app = await start((it) => {
      it.get('/', (req, res) => {
        req.sessionStore.set = (_sid, _data, done) =>
          done?.(new StoreUnavailableError('store_unavailable', 'Redis is gone.'));
        dataOf(req).n = 1;
        res.statusMessage = 'All is well';
        res.set('ETag', 'x').set(ofTheApp).type('html').send('<p>saved');
      });
    });
    const answer = await request(app.url).get('/').expect(503, 'Redis is gone.');
    expect(cookieOf(answer)).toBeUndefined();
    expect(answer.headers.etag).not.toBe('x');
    expect(answer.headers).toMatchObject(ofTheApp);
    expect((answer as unknown as { res: IncomingMessage }).res.statusMessage).toBe('Service Unavailable');
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
    expect(await outcomeOf(app.url)).toMatch(/^broken(?: the beginning)?$/);
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

/** What a client gets to see: whether the answer ended or was broken off, and its text. */
function outcomeOf(url: string, agent?: Agent): Promise<string> {
  return new Promise((resolve) => {
    get(url, { agent }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk) => {
        text += chunk;
      });
      res.on('end', () => resolve(`ended ${text}`)).on('error', () => resolve(`broken ${text}`));
    }).on('error', () => resolve('broken'));
  });
}

function asText(res: request.Response, done: (error: Error | null, text: string) => void): void {
  const chunks: Buffer[] = [];
  const stream = res as unknown as NodeJS.ReadableStream;
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('end', () => done(null, Buffer.concat(chunks).toString()));
}
