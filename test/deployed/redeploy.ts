import type { Cdk, Deployment } from '../../deploy/cdk.ts';
import { startFlow, type Flow } from './flowing-events.ts';
import { tell } from './step.ts';
import { changeCode, copyWorkingTree } from './working-tree.ts';

const FIRST_ARRIVAL_MS = 60_000;

/**
 * Deploys other code while events flow, and resolves when that code has begun to send and nothing more is posted.
 *
 * @param folder takes the other code; it does not exist yet
 */
export async function redeployWhileEventsFlow(
  { cdk, deployment }: { cdk: Cdk; deployment: Deployment },
  folder: string,
  signal: AbortSignal,
): Promise<Flow> {
  await copyWorkingTree(folder);
  changeCode(folder);
  const flow = await startFlow(deployment);
  await flow.sentBy(1, FIRST_ARRIVAL_MS);
  await cdk.deploy({ from: folder, signal });
  await flow.sentBy(2, FIRST_ARRIVAL_MS);
  await flow.stop();
  return flow;
}

/** @throws Error that says what did not come, or came wrongly */
export async function expectAllDelivered(flow: Flow, withinMs: number): Promise<void> {
  const tally = await flow.end(withinMs);
  const { events, deliveries, duplicates, repeatedPosts, slowestMs, recovered, senders } = tally;
  tell(`${events} events, ${deliveries} deliveries, ${duplicates} duplicates; ${repeatedPosts} posts made again`);
  tell(
    `slowest delivery ${(slowestMs / 1_000).toFixed(1)} s after its post; ${recovered} lost on the way and recovered`,
  );
  tell(`sent by ${senders.join(' and ')}`);
  const { missing, strays, renamed } = tally;
  const faults = { 'never came': missing, 'came unasked': strays, 'came with several webhook-ids': renamed };
  const told = Object.entries(faults).flatMap(([fault, what]) => what.map((one) => `${one} ${fault}`));
  if (told.length > 0) throw new Error(told.slice(0, 20).join('\n'));
}
