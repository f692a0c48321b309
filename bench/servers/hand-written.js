// The limit: what one would write by hand for this one route, with nothing that it does not need.
// A signed cookie, one GETEX (read and idle timeout in one), auto-pipelining, JSON.parse.
import { randomBytes } from 'node:crypto';
import { parseCookie } from 'cookie';
import { sign, unsign } from 'cookie-signature';
import express from 'express';
import { DAY, redis, SECRET, serve } from './support/bench.js';
import { begin, finish } from './support/openid.js';

const client = redis({ enableAutoPipelining: true });
const app = express();

function cookie(req, name) {
  const value = parseCookie(req.headers.cookie ?? '')[name];
  return value === undefined ? false : unsign(value, SECRET);
}

function setCookie(res, name, value) {
  res.append(
    'Set-Cookie',
    `${name}=${encodeURIComponent(sign(value, SECRET))}; Path=/; HttpOnly; SameSite=Lax`,
  );
}

async function requireUser(req, res, next) {
  const id = cookie(req, 'sid');
  const text = id && (await client.getex(`sess:${id}`, 'EX', DAY));
  if (!text) return res.sendStatus(401);
  req.user = JSON.parse(text);
  next();
}

app.get('/me', requireUser, (req, res) => {
  res.json({ sub: req.user.sub });
});

app.get('/login', async (_req, res) => {
  const { remember, to } = await begin();
  await client.set(`login:${remember.state}`, JSON.stringify(remember), 'EX', 600);
  setCookie(res, 'login', remember.state);
  res.redirect(to);
});

app.get('/callback', async (req, res) => {
  const state = cookie(req, 'login');
  const text = state && (await client.getdel(`login:${state}`));
  if (!text) return res.sendStatus(400);
  const tokens = await finish(req, JSON.parse(text));
  const id = randomBytes(32).toString('base64url');
  await client.set(`sess:${id}`, JSON.stringify({ sub: tokens.claims().sub }), 'EX', DAY);
  setCookie(res, 'sid', id);
  res.redirect('/');
});

serve(app);
