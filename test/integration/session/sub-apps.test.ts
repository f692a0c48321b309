import express, { type Express, type RequestHandler } from 'express';
import request from 'supertest';
import { both, dataOf, middlewares, type SessionApp, startSessionApp } from '../../support/session-app.js';

/** Counts the visits to a path, in the session. */
const count: RequestHandler = (req, res) => {
  const data = dataOf(req);
  data.n = (data.n ?? 0) + 1;
  res.json([data.n, req.session.id === req.sessionID, req.sessionStore !== undefined]);
};

/** Ways in which an app may hold another one; Express knows of the first only. */
const ways: Record<string, (app: Express, sub: Express) => void> = {
  'that is mounted': (app, sub) => app.use('/sub', sub),
  'in a router': (app, sub) => app.use(express.Router().use('/sub', sub)),
  'that is called': (app, sub) => {
    app.use((req, res, next) => (req.path.startsWith('/sub') ? sub(req, res, next) : next()));
  },
};

let app: SessionApp;
afterEach(() => app.close());

describe.each(both)('%s', (middleware) => {
  describe.each(Object.entries(ways))('an app %s', (_how, hold) => {
    it.each(['untouched', 'touched'])('has the session of the app around it, %s before', async (how) => {
      app = await startSessionApp(middlewares[middleware]({ secure: false }), (outer) => {
        const sub = express();
        sub.get(['/count', '/sub/count'], count);
        if (how === 'touched') outer.use((req, _res, next) => next(void dataOf(req).n));
        hold(outer, sub);
        // What the inner app lets pass comes back here.
        outer.get('/sub/after', count);
      });
      const agent = request.agent(app.url);
      await agent.get('/sub/count').expect(200, [1, true, true]);
      await agent.get('/sub/count').expect(200, [2, true, true]);
      await agent.get('/sub/after').expect(200, [3, true, true]);
    });
  });
});
