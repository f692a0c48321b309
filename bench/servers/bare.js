// Express 5 alone: no session, no guard. Nothing that runs on Express can cost less.
import express from 'express';
import { serve } from './support/bench.js';

const app = express();
app.get('/me', (_req, res) => {
  res.json({ sub: 'c1f6f1de-0d0b-4a2e-9f35-3f5d5f4b7a01' });
});

serve(app);
