import { loginAdvisories } from './cases/advisories-logins.js';
import { requestAdvisories } from './cases/advisories-requests.js';
import { sessionAdvisories } from './cases/advisories-sessions.js';
import { withstands } from './support/advisory.js';
import { useStage } from './support/stage.js';

// What was found in other libraries of this kind, or beside them, each under the name of its advisory.
const stage = useStage();

withstands(stage, sessionAdvisories);
withstands(stage, loginAdvisories);
withstands(stage, requestAdvisories);
