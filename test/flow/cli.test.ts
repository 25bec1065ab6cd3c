import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startInbox, type Inbox } from '../support/subscriber.ts';
import { openTarget, type OpenTarget } from '../support/target.ts';

const TENANT = `cli-${String(process.pid)}`;

let target: OpenTarget;
let inbox: Inbox;

beforeAll(async () => {
  target = await openTarget();
  inbox = await startInbox();
}, 120_000);

afterAll(async () => {
  await inbox.close();
  await target.close();
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** The command line as `npm run fanout` starts it. */
function fanout(words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  // What is deployed may have a certificate of its own authority.
  const { PATH = '', HOME = '', NODE_EXTRA_CA_CERTS = '' } = process.env;
  const environment = { PATH, HOME, NODE_EXTRA_CA_CERTS, FANOUT_URL: target.url, FANOUT_KEY: target.adminKey, ...env };
  const { promise, resolve } = Promise.withResolvers<Ended>();
  execFile(process.execPath, ['cli/fanout.ts', ...words], { env: environment }, (error, out, err) =>
    resolve({ code: Number(error?.code ?? 0), out, err }),
  );
  return promise;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into it as they like
async function answered(...words: string[]): Promise<any> {
  const { code, out, err } = await fanout(words);
  expect([code, err]).toEqual([0, '']);
  return out === '' ? undefined : JSON.parse(out);
}

describe('the command line', () => {
  test('subscribes, posts, looks and leaves', async () => {
    const wish = { url: inbox.url, event_types: ['Guest.Created'] };
    const { id } = await answered('subscribe', TENANT, JSON.stringify(wish));
    expect(await answered('test', TENANT, id)).toMatchObject({ outcome: 'accepted', test: true });
    await answered('pause', TENANT, id);
    expect(await answered('enable', TENANT, id)).toMatchObject({ id, status: 'enabled' });
    const event = { event_type: 'Guest.Created', data: { id: 'g1' } };
    const { event_id } = await answered('post', TENANT, JSON.stringify(event));
    await inbox.waitFor(2);
    expect(await answered('event', TENANT, event_id)).toMatchObject({ event_id, data: { id: 'g1' } });
    expect(await answered('deliveries', TENANT, event_id)).toMatchObject([{ event_id, subscription_id: id }]);
    expect(await answered('subscriptions', TENANT)).toMatchObject([{ id }]);
    expect(await answered('unsubscribe', TENANT, id)).toBeUndefined();
    expect(await answered('subscriptions', TENANT)).toEqual([]);
  });

  test('follows a list to its end', async () => {
    const many = `${TENANT}-many`;
    const wish = JSON.stringify({ url: inbox.url, event_types: ['Guest.Created'], status: 'disabled' });
    const { FANOUT_URL, FANOUT_KEY } = { FANOUT_URL: target.url, FANOUT_KEY: target.adminKey };
    for (let i = 0; i < 101; i++) {
      const headers = { authorization: `Bearer ${FANOUT_KEY}`, 'content-type': 'application/json' };
      await fetch(`${FANOUT_URL}/v1/tenants/${many}/subscriptions`, { method: 'POST', headers, body: wish });
    }
    expect(await answered('subscriptions', many)).toHaveLength(101);
  });

  test('ends with 1 where it is refused, and shows why', async () => {
    const { code, out, err } = await fanout(['show', TENANT, 'sub_none']);
    expect([code, out]).toEqual([1, '']);
    expect(JSON.parse(err)).toMatchObject({ status: 404, code: 'not_found' });
  });

  test.each([
    ['an unknown command', ['dance'], /no command dance/],
    ['a word too few', ['show', TENANT], /^show TENANT SUBSCRIPTION: shows a subscription/],
    ['a word too many', ['me', 'too'], /^me: /],
    ['a body that is no JSON', ['post', TENANT, '{'], /JSON/],
  ])('ends with 2 for %s', async (_, words, says) => {
    const { code, err } = await fanout(words);
    expect(code).toBe(2);
    expect(err).toMatch(says);
  });

  test('needs a key, and helps without one', async () => {
    expect(await fanout(['me'], { FANOUT_KEY: '' })).toMatchObject({
      code: 2,
      err: expect.stringMatching(/FANOUT_KEY/),
    });
    expect(await fanout(['--help'], { FANOUT_KEY: '' })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/subscribe TENANT BODY/),
    });
  });
});
