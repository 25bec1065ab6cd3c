import type { Deployment } from '../../deploy/cdk.ts';
import type { Ministack } from '../../deploy/ministack.ts';
import { callerOf } from '../support/api.ts';
import { expectTakenFromBus, SOURCE } from './by-bus.ts';

const THROTTLES = {
  ingest: { perSecond: 1_500, burst: 3_000 },
  controlPlane: { perSecond: 100, burst: 200 },
  open: { perSecond: 5, burst: 10 },
};

/** Those that change nothing for the other steps. Whether the gateway keeps to its limits is for AWS to show. */
export const SETTINGS = [
  `inboundSources=${SOURCE}`,
  `throttles=${JSON.stringify(THROTTLES)}`,
  'targetPorts=8444',
  'targetAllow=10.1.0.0/16',
  'targetDeny=203.0.113.0/24',
].flatMap((setting) => ['-c', setting]);

/** @throws Error that says which of them has not the effect that it should have */
export async function expectSettings(ministack: Ministack, deployment: Deployment, withinMs: number): Promise<void> {
  await expectTakenFromBus(ministack, deployment, withinMs);
  const wish = { url: 'https://203.0.113.7/hooks', event_types: ['*'] };
  const { status, text } = await callerOf(deployment).post('/v1/tenants/settings/subscriptions', wish);
  if (status !== 422) throw new Error(`A subscriber in a network that is denied is answered ${status}: ${text}`);
}
