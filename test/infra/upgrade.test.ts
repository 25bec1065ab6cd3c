import { readdirSync, readFileSync } from 'node:fs';
import { fullDiff, ResourceImpact } from '@aws-cdk/cloudformation-diff';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Synthesis, type Template } from './synthesis.ts';

/*
 * What holds something must survive every upgrade. Each release's template of the state stack is kept in `released/`, as
 * production gets it without any setting (`npm run record:release` writes it), and none of them may be kept from becoming
 * today's by a replacement. Which properties replace a resource is AWS's to say: CDK's own diff knows it from their
 * specification.
 */

const now = new Synthesis({});
afterAll(() => now.remove());

const FOLDER = new URL('released/', import.meta.url);
const RELEASED = readdirSync(FOLDER).map((file): [string, Template] => [
  file.replace('.json', ''),
  JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Template,
]);

const LOSSES: readonly ResourceImpact[] = [
  ResourceImpact.MAY_REPLACE,
  ResourceImpact.WILL_REPLACE,
  ResourceImpact.WILL_DESTROY,
  ResourceImpact.WILL_ORPHAN,
];

/** What the upgrade would take away or put something empty in the place of, by logical id. */
function losses(from: Template, to: Template): Record<string, string> {
  const found: Record<string, string> = {};
  fullDiff(from, to).resources.forEachDifference((id, { changeImpact }) => {
    if (LOSSES.includes(changeImpact)) found[id] = changeImpact;
  });
  return found;
}

test('there is a release to upgrade from', () => {
  expect(RELEASED.map(([version]) => version)).toContain('0.1.0');
});

test.each(RELEASED)('an upgrade from %s replaces and removes nothing that holds something', (_, released) => {
  expect(losses(released, now.state)).toEqual({});
});

describe('it would be noticed', () => {
  const idOf = (part: string): string => {
    const id = Object.keys(now.state.Resources).find((one) => one.startsWith(`EventFanout${part}`));
    if (id === undefined) throw new Error(`no ${part}`);
    return id;
  };
  const changed = (part: string, properties: object): Template => {
    const next = structuredClone(now.state);
    const resource = next.Resources[idOf(part)];
    if (!resource) throw new Error(`no ${part}`);
    resource.Properties = { ...(resource.Properties as object), ...properties };
    return next;
  };

  test.each([
    ['a table gets a name', 'TablesControl', { TableName: 'control' }],
    ['a table gets other keys', 'TablesFlow', { KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }] }],
    ['the bus gets another name', 'Bus5', { Name: 'events' }],
    ['a queue gets a name', 'LaneGuestRetries', { QueueName: 'retries' }],
    ['a queue becomes FIFO', 'LaneGuestEvents', { FifoQueue: true }],
    ['the admin key gets a name', 'AdminKey', { Name: 'admin' }],
  ])('when %s', (_, part, properties) => {
    expect(Object.keys(losses(now.state, changed(part, properties)))).toEqual([idOf(part)]);
  });

  test('when something gets another logical id, as by a construct that moves', () => {
    const next = structuredClone(now.state);
    const id = idOf('DataKey');
    const { [id]: key, ...others } = next.Resources;
    next.Resources = { ...others, Moved: key! };
    expect(losses(now.state, next)).toEqual({ [id]: ResourceImpact.WILL_ORPHAN });
  });

  test('and what takes nothing away is let through', () => {
    expect(losses(now.state, changed('LaneGuestEvents', { VisibilityTimeout: 600 }))).toEqual({});
  });
});
