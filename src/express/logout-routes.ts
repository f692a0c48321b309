import type { Request, Response, Router } from 'express';
import { AuthorizationDeniedError } from '../errors.js';
import { confirmLogoutPage } from './pages.js';
import {
  isFromOurPages,
  isVisit,
  mountPath,
  publicOrigin,
  redirect,
  setAnswerHeaders,
  wantsJson,
} from './request-facts.js';
import type { Runtime } from './runtime.js';

/** `POST /logout` and `GET /logout`. */
export function addLogoutRoutes(router: Router, { config }: Runtime): void {
  const path = `${config.basePath}/logout`;

  const logOut = async (req: Request, res: Response) => {
    const { redirectTo } = await req.oauth.logout();
    setAnswerHeaders(res);
    if (wantsJson(req)) res.json({ redirectTo });
    else redirect(res, 303, redirectTo);
  };

  router.post(path, (req, res, next) => {
    if (!isFromOurPages(req, publicOrigin(req, config.origin))) {
      next(new AuthorizationDeniedError('cross_site_request', 'A logout must come from a page of this app.'));
      return;
    }
    logOut(req, res).catch(next);
  });

  // A link or an image on another site must not log anybody out: only a visit from our own pages does so at once.
  router.get(path, (req, res, next) => {
    const ours = req.get('sec-fetch-site') === 'same-origin' && isVisit(req);
    if (ours && req.method === 'GET') logOut(req, res).catch(next);
    else confirmLogoutPage(res, mountPath(req) + path, config.afterLogin);
  });
}
