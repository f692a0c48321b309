import { figures } from '../../topologies/support/figures.js';
import { failovers, outages } from '../../topologies/support/scenarios.js';
import type { Case } from '../lab/case.js';

/** Redis is refused, frozen, slow and failed over by Sentinel or in a Cluster, while an app is used. */
const redisFailover: Case = (scale) =>
  figures(scale.full ? [...outages, ...failovers] : failovers, scale.full ? 3 : 1, scale);

export default redisFailover;
