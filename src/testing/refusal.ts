import type { Answer } from './http.js';

/** A refusal. What stands behind it catches it and answers in its own way. */
export class Refusal extends Error {
  /** The provider's own error code. */
  readonly code: string;
  readonly status: number;

  constructor(code: string, description: string, status = 400) {
    super(description);
    this.code = code;
    this.status = status;
  }
}

/** The answer of an endpoint, or its refusal as the provider writes one. */
export async function orRefusal(
  answer: () => Answer | Promise<Answer>,
  write: (refusal: Refusal) => Answer,
): Promise<Answer> {
  try {
    return await answer();
  } catch (error) {
    if (error instanceof Refusal) return write(error);
    throw error;
  }
}
