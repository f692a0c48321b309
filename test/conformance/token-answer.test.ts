import { unusual, wrongAnswers, wrongMembers, wrongRefreshTokens } from './cases/token-answers.js';
import { accepts, refuses } from './support/cases.js';
import { dialects } from './support/dialects.js';
import { useStage } from './support/stage.js';
import type { Refusal } from './support/verdict.js';

const stage = useStage();

describe.each(dialects)('a token answer of $name', (dialect) => {
  const refusal: Refusal = {
    code: ['provider_protocol', 'provider_rejected', 'invalid_grant', 'id_token_invalid'],
    after: 'token',
  };
  accepts(stage, dialect, unusual);
  refuses(stage, dialect, [...wrongMembers, ...wrongAnswers], refusal);
  // WeLink has no refresh tokens.
  if (dialect.name !== 'welink') refuses(stage, dialect, wrongRefreshTokens, refusal);
});
