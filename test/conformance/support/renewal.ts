import type { Express } from 'express';

/** A route that renews the token of whoever comes. */
export function addRenewal(app: Express): void {
  app.get('/renew', async (req, res, next) => {
    try {
      await req.oauth.getAccessToken({ forceRefresh: true });
      res.send('renewed');
    } catch (error) {
      next(error);
    }
  });
}
