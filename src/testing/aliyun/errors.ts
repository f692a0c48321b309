import { randomUUID } from 'node:crypto';

import { type Answer, json } from '../http.js';

/** A refusal. What stands behind it catches it and answers in its own way. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(code: string, description: string, status = 400) {
    super(description);
    this.code = code;
    this.status = status;
  }
}

/** An error as this provider writes it. */
export function errorAnswer(status: number, error: string, description: string): Answer {
  return json(status, { error, error_description: description, requestId: randomUUID().toUpperCase() });
}

/** The answer of an endpoint, or its refusal. */
export async function orRefusal(answer: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof Refusal) return errorAnswer(error.status, error.code, error.message);
    throw error;
  }
}
