import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { secretText } from '../../shared/domain/sign.ts';
import { vaultIn, type Place, type Vault } from '../../shared/store/vault.ts';
import { createPoster } from '../../shared/wire/post.ts';
import { signedPost, type Sending } from '../../shared/wire/signed-post.ts';
import { startDynalite, type DynamoDb } from '../support/dynamodb.ts';
import { startKms, type TestKms } from '../support/kms.ts';
import { make } from '../support/make.ts';
import { openStores, TENANT, TRACE } from '../support/stage-world.ts';
import { startInbox, type Inbox } from '../support/subscriber.ts';

const poster = createPoster({ policy: { targets: 'any' } });
let dynamo: DynamoDb;
let kms: TestKms;
let inbox: Inbox;
let vault: Vault;
/** How often something sealed was opened. */
let openings: number;
let post: (sending: Sending) => Promise<unknown>;

beforeAll(async () => {
  dynamo = await startDynalite();
  kms = await startKms();
});
beforeEach(async () => {
  inbox = await startInbox();
  const { control } = await openStores(dynamo);
  vault = vaultIn(control, { client: kms.client, keyArn: 'key' });
  openings = 0;
  const open = (place: Place, sealed: string): Promise<string> => {
    openings++;
    return vault.open(place, sealed);
  };
  post = signedPost({ ...vault, open }, { poster, newSpan: () => Buffer.from('1234567890abcdef', 'hex') });
});
afterEach(() => inbox.close());
afterAll(async () => {
  await poster.close();
  await kms.close();
  await dynamo.close();
});

const OLD = secretText(Buffer.alloc(32, 1));
const NEW = secretText(Buffer.alloc(32, 2));
const TEXT = '{"id":"dlv_1","data":{"price":199.00,"name":"é😀"}}';

const seal = (field: Place['field'], text: string, subscription = 'sub_1'): Promise<string> =>
  vault.seal({ tenant: TENANT, subscription, field }, text);

async function sending(changes: Partial<Sending> = {}, secrets = [OLD]): Promise<Sending> {
  const sealed_secrets = await Promise.all(secrets.map((secret) => seal('secret', secret)));
  const subscription = make.subscription({ url: inbox.url, sealed_secrets });
  const { signal } = new AbortController();
  return {
    subscription,
    id: 'dlv_1',
    payload: { text: TEXT, headers: { 'content-type': 'application/json' } },
    traceparent: TRACE,
    at: new Date(),
    signal,
    ...changes,
  };
}

const arrived = async (count = 1) => (await inbox.waitFor(count)).at(-1)!;

test('an independent verifier accepts the request over its exact body', async () => {
  expect(await post(await sending())).toMatchObject({ kind: 'accepted' });
  const { body, headers } = await arrived();
  expect(String(body)).toBe(TEXT);
  expect(() => new Webhook(OLD).verify(TEXT, headers as Record<string, string>)).not.toThrow();
  expect(() => new Webhook(NEW).verify(TEXT, headers as Record<string, string>)).toThrow();
});

test('while two secrets are active, both verify', async () => {
  await post(await sending({}, [NEW, OLD]));
  const { headers } = await arrived();
  for (const secret of [OLD, NEW]) {
    expect(() => new Webhook(secret).verify(TEXT, headers as Record<string, string>)).not.toThrow();
  }
});

test('an old secret signs until its time is over, and not a moment longer', async () => {
  const made = await sending({}, [NEW, OLD]);
  const until = new Date(made.at.getTime() + 60_000);
  const subscription = { ...made.subscription, previous_expires_at: until.toISOString() };
  const signatures = async (at: Date): Promise<number> => {
    const before = inbox.requests.length;
    await post({ ...made, subscription, at });
    return String((await inbox.waitFor(before + 1)).at(-1)?.headers['webhook-signature']).split(' ').length;
  };
  expect(await signatures(new Date(until.getTime() - 1))).toBe(2);
  expect(await signatures(until)).toBe(1);
});

test('the subscription’s method and headers are sent, beside ours', async () => {
  const made = await sending();
  const sealed_headers = await seal('headers', JSON.stringify({ 'X-Api-Key': 'hush', authorization: 'Basic abc' }));
  await post({ ...made, subscription: { ...made.subscription, method: 'PUT', sealed_headers } });
  expect(await arrived()).toMatchObject({
    method: 'PUT',
    headers: {
      'x-api-key': 'hush',
      authorization: 'Basic abc',
      'content-type': 'application/json',
      'webhook-id': 'dlv_1',
      'user-agent': expect.stringMatching(/^event-fanout\//),
    },
  });
});

test('a header of the subscription never takes the place of ours', async () => {
  const made = await sending();
  const sealed_headers = await seal(
    'headers',
    JSON.stringify({ 'webhook-id': 'forged', 'content-type': 'text/plain' }),
  );
  await post({ ...made, subscription: { ...made.subscription, sealed_headers } });
  expect(await arrived()).toMatchObject({ headers: { 'webhook-id': 'dlv_1', 'content-type': 'application/json' } });
});

test('the trace goes on as a child of the publisher’s', async () => {
  await post(await sending());
  expect((await arrived()).headers.traceparent).toBe('00-0af7651916cd43dd8448eb211c80319c-1234567890abcdef-01');
  await post(await sending({ traceparent: undefined }));
  expect((await arrived(2)).headers.traceparent).toBeUndefined();
});

test('secrets are opened once for each version of the subscription', async () => {
  const made = await sending();
  await post(made);
  await post({ ...made, id: 'dlv_2' });
  expect(openings).toBe(1);

  const sealed_secrets = [await seal('secret', NEW)];
  await post({ ...made, id: 'dlv_3', subscription: { ...made.subscription, version: 2, sealed_secrets } });
  expect(openings).toBe(2);
  const { headers } = await arrived(3);
  expect(() => new Webhook(NEW).verify(TEXT, headers as Record<string, string>)).not.toThrow();
});

test('a secret that was sealed for another subscription fails for a reason of ours, and nothing is sent', async () => {
  const made = await sending();
  const sealed_secrets = [await seal('secret', OLD, 'sub_2')];
  await expect(post({ ...made, subscription: { ...made.subscription, sealed_secrets } })).rejects.toThrow();
  expect(inbox.requests).toEqual([]);
});

test('when our own time is over the request is cut off, for a reason of ours', async () => {
  const hangs = await startInbox(() => {});
  const made = await sending();
  const controller = new AbortController();
  const cut = post({
    ...made,
    subscription: { ...made.subscription, url: hangs.url },
    signal: controller.signal,
  });
  const outcome = expect(cut).rejects.toThrow('time is over');
  await hangs.waitFor(1);
  controller.abort(new Error('time is over'));
  await outcome;
  await hangs.close();
});
