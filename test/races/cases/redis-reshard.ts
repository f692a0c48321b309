import { figures, type Result } from '../../topologies/support/figures.js';
import { reshards } from '../../topologies/support/scenarios.js';

/** The slots of a Redis Cluster move from node to node while an app is used. */
export async function run({ full }: { full: boolean }): Promise<Result[]> {
  return figures(reshards, full ? 10 : 1);
}
