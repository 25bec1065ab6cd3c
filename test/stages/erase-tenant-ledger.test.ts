import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { eraseTenant } from '../../lambdas/sweep/erase-tenant.ts';
import type { Job } from '../../shared/domain/job.ts';
import { keys } from '../../shared/store/keys.ts';
import { writeAll, type Item } from '../../shared/store/database.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { later } from '../support/make.ts';
import { openWorlds, TENANT, type Opened } from '../support/stage-world.ts';

/* An outage leaves millions of open markers of all tenants, of which an erasure has to look at every one. */

let dynamo: DynamoDb;
let opened: Opened;
beforeAll(async () => {
  dynamo = await startDynalite();
});
beforeEach(async () => {
  opened = await openWorlds(dynamo);
  await opened.tenants.enter(TENANT);
});
afterAll(() => dynamo.close());

type EraseJob = Extract<Job, { kind: 'erase_tenant' }>;
const JOB: EraseJob = { v: 1, kind: 'erase_tenant', tenant: TENANT };
const FIRST_SHARD = keys.markerPartition(0);

/** Writes so many markers of the tenant into the first part of the ledger, each a millisecond later than the one before. */
async function leaveOpen(tenant: string, count: number, begin = 0): Promise<void> {
  const puts: { put: Item }[] = [];
  for (let i = 0; puts.length < count; i++) {
    const event = { tenant, event_id: `e${i}`, accepted_at: later((begin + puts.length) / 1000) };
    if (keys.marker(event).pk === FIRST_SHARD) puts.push({ put: { ...keys.marker(event), v: 1, ...event, tries: 0 } });
  }
  await writeAll(opened.flow, puts);
}

/** Begins the erasure, and does its first phase. */
async function begin(): Promise<string> {
  await opened.tenants.beginErasure(TENANT, opened.clock.now());
  await eraseTenant(JOB, opened.worlds.sweep, () => 60_000);
  opened.clock.advance(900);
  return (await opened.tenants.find(TENANT))!.erasure!.started_at;
}

/** Does it for as long as there is time after one look at the clock, and answers what it asked for, and how many markers it has read. */
async function oneStep(job: EraseJob): Promise<{ next: EraseJob | undefined; read: number }> {
  const asked: EraseJob[] = [];
  const ask = async (one: Job): Promise<void> => {
    if (one.kind === 'erase_tenant') asked.push(one);
  };
  let read = 0;
  dynamo.meddle(async ({ operation, input }, pass) => {
    const answer = await pass(input);
    const [, count] = /"Count":(\d+)/.exec(JSON.stringify(answer.output)) ?? [];
    if (operation === 'Query' && JSON.stringify(input).includes('OPEN#')) read += Number(count);
    return answer;
  });
  let looks = 0;
  await eraseTenant(job, { ...opened.worlds.sweep, ask }, () => (looks++ === 0 ? 60_000 : 0));
  dynamo.leaveAlone();
  return { next: asked[0], read };
}

const markersOf = async (tenant: string): Promise<number> =>
  (await opened.flow.scan()).filter((item) => String(item['pk']).startsWith('OPEN#') && item['tenant'] === tenant)
    .length;

test('goes through a long ledger piece by piece, and none of them twice', async () => {
  await leaveOpen('somebody-else', 2_500);
  await leaveOpen(TENANT, 3, 2_400);
  await begin();
  const read: number[] = [];
  for (let next: EraseJob | undefined = JOB; next !== undefined;) {
    const step: Awaited<ReturnType<typeof oneStep>> = await oneStep(next);
    read.push(step.read);
    next = step.next;
    if (read.length > 40) throw new Error('it has no end');
  }
  expect(read.length).toBeGreaterThan(1);
  expect(Math.max(...read)).toBeLessThanOrEqual(2_000); // two pages
  expect(read.reduce((sum, one) => sum + one)).toBeLessThan(2_503 + 10);
  expect([await markersOf('somebody-else'), await markersOf(TENANT)]).toEqual([2_500, 0]);
  expect(await opened.tenants.find(TENANT)).toBeUndefined();
}, 120_000);

test('begins anew where the place was that of an earlier erasure of the same name', async () => {
  await leaveOpen(TENANT, 3);
  await begin();
  const after = { started_at: new Date(0).toISOString(), place: '16' };
  await eraseTenant({ ...JOB, after }, opened.worlds.sweep, () => 60_000);
  expect([await markersOf(TENANT), await opened.tenants.find(TENANT)]).toEqual([0, undefined]);
});
