import { figures } from '../../topologies/support/figures.js';
import { reshards } from '../../topologies/support/scenarios.js';
import type { Case } from '../lab/case.js';

/** The slots of a Redis Cluster move from node to node while an app is used. */
const redisReshard: Case = (scale) => figures(reshards, scale.full ? 10 : 1, scale);

export default redisReshard;
