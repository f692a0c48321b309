import type { Server } from 'node:http';
import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { type Answer, readAnswer } from '../../support/read-answer.js';

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
}

/** Serves an app for one request, sent exactly as it is given: no client tidies up path or headers. */
export async function ask(
  build: (app: Express) => void,
  path: string,
  { method = 'GET', headers = {} }: Ask = {},
) {
  const app = express();
  // Express' own last handler prints errors where it does not know that this is a test.
  app.set('env', 'test');
  build(app);
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const request = send(
        { host: '127.0.0.1', port, method, path, headers, setHost: headers.host === undefined },
        (res) => resolve(readAnswer(res)),
      );
      request.on('error', reject);
      request.end();
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** What a browser says when its user goes to a page. */
export const navigation = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};
