import { createSocket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  AddressNotAllowed,
  createAddressGuard,
  NameNotResolved,
  nameServers,
  URL_REFUSED,
  type AddressGuard,
  type AddressPolicy,
  type Resolver,
} from '../../shared/wire/address-guard.ts';
import { dialler } from '../../shared/wire/connection.ts';
import { createPoster } from '../../shared/wire/post.ts';
import { startInbox, startSubscriber } from '../support/subscriber.ts';

interface Case {
  id: string;
  url: string;
  verdict: 'block' | 'allow' | 'either';
  why: string;
  stage?: 'parse' | 'connect' | 'response';
  dns?: Record<string, string[]>;
  response?: { status: number; location: string };
}

const { cases }: { cases: Case[] } = JSON.parse(readFileSync('test/vectors/ssrf.json', 'utf8'));
const titled = (wanted: (one: Case) => boolean): [string, Case][] =>
  cases.filter(wanted).map((one) => [`${one.id}: ${one.why} ${JSON.stringify(one.url.slice(0, 80))}`, one]);

const PUBLIC: AddressPolicy = { targets: 'public' };
const ANY: AddressPolicy = { targets: 'any' };

/** Answers what the case says; other names do not exist. */
const stub =
  ({ dns = {} }: Pick<Case, 'dns'>): Resolver =>
  async (host) =>
    dns[host.replace(/\.$/, '')] ?? [];

/** The same without the public addresses of the vectors, so that a fault of ours never dials out from a test. */
const harmless = (one: Case): Resolver => {
  const resolver = stub(one);
  return async (host) => (await resolver(host)).filter((address) => !/^(?:93\.184|2606:2800)/.test(address));
};

const resolve = (guard: AddressGuard, host: string): Promise<LookupAddress[]> =>
  new Promise((done, fail) => {
    guard.lookup(host, { all: true }, (error, addresses) => (error ? fail(error) : done(addresses as LookupAddress[])));
  });

const post = (url: string, policy: AddressPolicy, resolver: Resolver) => {
  const poster = createPoster({ policy, resolver });
  return poster.post({ method: 'POST', url, headers: {}, body: '{}', timeoutMs: 5_000 }).finally(poster.close);
};

describe('the vectors', () => {
  test('are whole', () => {
    expect(cases.length).toBeGreaterThan(100);
    expect(cases.filter(({ verdict }) => verdict === 'allow').length).toBeGreaterThan(20);
  });

  const isRefused = ({ verdict, stage }: Case): boolean => verdict === 'block' && stage !== 'response';

  test.each(titled(isRefused))('refused when registered: %s', async (_, one) => {
    expect(await createAddressGuard(PUBLIC, stub(one)).refuse(one.url)).toBe(URL_REFUSED);
  });

  test.each(titled(isRefused))('nothing is sent: %s', async (_, one) => {
    expect(await post(one.url, PUBLIC, harmless(one))).toMatchObject({
      kind: 'blocked',
      reason: 'address_not_allowed',
    });
  });

  test.each(titled(({ verdict }) => verdict === 'allow'))('let through: %s', async (_, one) => {
    const guard = createAddressGuard(PUBLIC, stub(one));
    expect(await guard.refuse(one.url)).toBeUndefined();
    const { hostname } = new URL(one.url);
    const addresses = one.dns ? await resolve(guard, hostname) : [{ address: hostname.replace(/[[\]]/g, '') }];
    expect(addresses.map(({ address }) => guard.admitsAddress(address))).toEqual(addresses.map(() => true));
  });

  test.each(titled(({ verdict }) => verdict === 'either'))('decided without an exception: %s', async (_, one) => {
    const refused = await createAddressGuard(PUBLIC, stub(one)).refuse(one.url);
    expect([undefined, URL_REFUSED]).toContain(refused);
  });

  test.each(titled(({ stage }) => stage === 'response'))('never followed: %s', async (_, { response, url }) => {
    const target = await startInbox();
    const location = response?.location.replace('127.0.0.1', new URL(target.url).host) ?? '';
    const subscriber = await startInbox((_request, answer) =>
      answer.writeHead(response?.status ?? 0, { location }).end(),
    );
    const asked: string[] = [];
    const outcome = await post(
      url.replace('https:', 'http:').replace('.com', `.com:${new URL(subscriber.url).port}`),
      ANY,
      async (host) => {
        asked.push(host);
        return ['127.0.0.1'];
      },
    );
    expect(outcome).toMatchObject({ kind: 'rejected', status: response?.status });
    expect(asked).toEqual(['hooks.example.com']);
    expect([subscriber.requests.length, target.requests.length]).toEqual([1, 0]);
    await Promise.all([subscriber.close(), target.close()]);
  });
});

const at =
  (...addresses: string[]): Resolver =>
  async () =>
    addresses;
/** Answers the first look-up with the first list, and so on; the last one stays. */
const rebinding = (...answers: string[][]): Resolver & { asked: string[] } => {
  const asked: string[] = [];
  const resolver = async (host: string) => {
    asked.push(host);
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
  };
  return Object.assign(resolver, { asked });
};

describe('registration', () => {
  afterEach(() => void jest.useRealTimers());

  test.each([
    ['a name without an address', at()],
    ['a name whose look-up fails', async () => Promise.reject(new Error('SERVFAIL'))],
  ])('%s passes', async (_, resolver) => {
    expect(await createAddressGuard(PUBLIC, resolver).refuse('https://new.example.com/')).toBeUndefined();
  });

  test('a name without an answer in two seconds passes', async () => {
    jest.useFakeTimers();
    const guard = createAddressGuard(PUBLIC, () => new Promise(() => {}));
    const refused = guard.refuse('https://slow.example.com/');
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await refused).toBeUndefined();
  });

  test.each([
    ['one private address among public ones', at('93.184.215.14', '10.0.0.1')],
    ['a private IPv6 address beside a public IPv4 one', at('93.184.215.14', 'fd00::1')],
    ['a mapped address', at('::ffff:10.0.0.1')],
    ['an address with a zone', at('fe80::1%eth0')],
    ['nonsense for an address', at('not an address')],
  ])('%s refuses the name', async (_, resolver) => {
    expect(await createAddressGuard(PUBLIC, resolver).refuse('https://hooks.example.com/')).toBe(URL_REFUSED);
  });

  test.each([
    'https://hooks.example.com./',
    'https://HOOKS.example.COM/',
    'https://a_b.example.com/',
    'https://hooks.example.com:8443/',
    'https://3com.example.com/',
  ])('%s passes', async (url) => {
    expect(await createAddressGuard(PUBLIC, at('93.184.215.14')).refuse(url)).toBeUndefined();
  });

  test.each([
    'https://localhost./', 'https://LOCALHOST/', 'https://a.localhost/', 'https://localhost.localdomain/', 'https://metadata/',
    'https://metadata.google.internal/', 'https://router.lan/', 'https://nas.home.arpa/', 'https://hook.onion/',
    'https://hook.invalid/', 'https://kubernetes.default.svc/', 'https://hooks.example.com../', 'https://a..example.com/',
    'https:///hooks.example.com/', 'https:hooks.example.com', 'https://hooks.example.com/a b', 'https://hooks.example.com/a\u00a0b',
    'https://hooks.example.com/\ud800', `https://${'a.'.repeat(125)}example.com/`, 'https://hooks.example.com:444/', ' https://hooks.example.com/',
  ])('%j is refused', async (url) => {
    expect(await createAddressGuard(PUBLIC, at('93.184.215.14')).refuse(url)).toBe(URL_REFUSED);
  }); // prettier-ignore

  test('2,048 characters pass, and one more does not', async () => {
    const guard = createAddressGuard(PUBLIC, at('93.184.215.14'));
    const url = 'https://hooks.example.com/'.padEnd(2048, 'a');
    expect([await guard.refuse(url), await guard.refuse(`${url}a`)]).toEqual([undefined, URL_REFUSED]);
  });
});

describe('where private targets are allowed', () => {
  const guard = createAddressGuard(ANY, at('127.0.0.1'));

  test.each([
    'http://127.0.0.1:3000/', 'http://[::1]:3000/', 'http://[::ffff:127.0.0.1]/', 'http://10.1.2.3/', 'https://[fd12::1]/',
    'http://localhost:9001/', 'http://crm:8080/', 'http://hook.test/', 'https://hooks.example.com:22/',
  ])('%s passes', async (url) => {
    expect(await guard.refuse(url)).toBeUndefined();
  }); // prettier-ignore

  test.each([
    'http://169.254.169.254/latest/', 'http://[fd00:ec2::254]/', 'http://[::ffff:169.254.169.254]/', 'http://100.100.100.200/',
    'http://168.63.129.16/', 'http://0.0.0.0/', 'http://[::]/', 'http://255.255.255.255/', 'http://224.0.0.1/', 'http://[fe80::1]/',
    'http://localhost:0/', 'http://user@localhost/', 'ftp://localhost/',
  ])('%s is refused all the same', async (url) => {
    expect(await guard.refuse(url)).toBe(URL_REFUSED);
  }); // prettier-ignore
});

describe('the policy', () => {
  test('widens the ports', async () => {
    const guard = createAddressGuard({ ...PUBLIC, ports: [9443] }, at('93.184.215.14'));
    const ports = [443, 8443, 9443, 9444].map((port) => guard.refuse(`https://hooks.example.com:${port}/`));
    expect(await Promise.all(ports)).toEqual([undefined, undefined, undefined, URL_REFUSED]);
  });

  test('lets a block of private addresses in, and special names with it', async () => {
    const guard = createAddressGuard({ ...PUBLIC, allow: ['10.20.0.0/16'] }, at('10.20.1.1'));
    expect(await guard.refuse('https://crm.internal/')).toBeUndefined();
    expect(['10.20.1.1', '10.21.1.1', '::ffff:10.20.1.1'].map(guard.admitsAddress)).toEqual([true, false, false]);
  });

  test('keeps a block out, whatever else holds', () => {
    const guard = createAddressGuard({ ...ANY, allow: ['8.8.8.0/24'], deny: ['8.8.8.8/32', '127.0.0.0/8'] });
    expect(['8.8.8.8', '8.8.8.9', '127.0.0.1', '::ffff:127.0.0.1'].map(guard.admitsAddress)).toEqual([
      false,
      true,
      false,
      false,
    ]);
  });
});

describe('the connect', () => {
  test('a name that was public when registered and is private now gets nothing', async () => {
    const subscriber = await startSubscriber({});
    const policy: AddressPolicy = { ...PUBLIC, ports: [subscriber.port] };
    const url = `https://rebind.example.com:${subscriber.port}/`;
    const resolver = rebinding(['93.184.215.14'], ['127.0.0.1']);
    expect(await createAddressGuard(policy, resolver).refuse(url)).toBeUndefined();
    expect(await post(url, policy, resolver)).toMatchObject({ kind: 'blocked', reason: 'address_not_allowed' });
    expect([resolver.asked.length, subscriber.connections.length]).toEqual([2, 0]);
    await subscriber.close();
  });

  test('goes to the address that was checked, without a second look-up', async () => {
    const inbox = await startInbox();
    const resolver = rebinding(['127.0.0.1'], ['169.254.169.254']);
    const url = `http://rebind.example.com:${new URL(inbox.url).port}/`;
    expect(await post(url, ANY, resolver)).toMatchObject({ kind: 'accepted' });
    expect(resolver.asked).toEqual(['rebind.example.com']);
    expect(await post(url, ANY, resolver)).toMatchObject({ kind: 'blocked' });
    expect(inbox.requests.length).toBe(1);
    await inbox.close();
  });

  test('to a literal address is checked although no look-up is made for it', async () => {
    const subscriber = await startSubscriber({});
    const dial = dialler(createAddressGuard({ ...ANY, deny: ['127.0.0.1/32'] }));
    const options = { protocol: 'http:', hostname: '127.0.0.1', port: String(subscriber.port) };
    expect(await new Promise((done) => dial(options, (...[error]) => done(error)))).toBeInstanceOf(AddressNotAllowed);
    expect(subscriber.connections.length).toBe(0);
    await subscriber.close();
  });

  test('looks a name up for callers that want one address as well', async () => {
    const guard = createAddressGuard(PUBLIC, at('93.184.215.14', '2606:4700::1'));
    const one = await new Promise((done) => guard.lookup('a.example.com', {}, (...answer) => done(answer)));
    expect(one).toEqual([null, '93.184.215.14', 4]);
    expect(await resolve(guard, 'a.example.com')).toEqual([
      { address: '93.184.215.14', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  test('tells a name without an address from one that is not allowed', async () => {
    await expect(resolve(createAddressGuard(PUBLIC, at()), 'a.example.com')).rejects.toThrow(NameNotResolved);
    for (const resolver of [at('10.0.0.1'), at('93.184.215.14', '10.0.0.1')]) {
      await expect(resolve(createAddressGuard(PUBLIC, resolver), 'a.example.com')).rejects.toThrow(AddressNotAllowed);
    }
  });
});

describe('name servers', () => {
  const A = 1;
  /** A name server that knows one name, and of that only the IPv4 addresses. */
  async function startNameServer(addresses: string[]) {
    const server = createSocket('udp4', (query, from) => {
      const question = query.subarray(12, query.indexOf(0, 12) + 5);
      const isKnown = question.includes('hooks') && question.readUInt16BE(question.length - 4) === A;
      const records = (isKnown ? addresses : []).map((address) =>
        Buffer.from([0xc0, 12, 0, A, 0, 1, 0, 0, 0, 0, 0, 4, ...address.split('.').map(Number)]),
      );
      const flags = [0x81, question.includes('hooks') ? 0x80 : 0x83];
      const head = Buffer.concat([query.subarray(0, 2), Buffer.from([...flags, 0, 1, 0, records.length, 0, 0, 0, 0])]);
      server.send(Buffer.concat([head, question, ...records]), from.port, from.address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }

  test('give all addresses of a name, and none of one that does not exist', async () => {
    const server = await startNameServer(['93.184.215.14', '10.0.0.1']);
    const resolver = nameServers([`127.0.0.1:${server.address().port}`]);
    expect(await resolver('hooks.example.com')).toEqual(['93.184.215.14', '10.0.0.1']);
    expect(await resolver('nobody.example.com')).toEqual([]);
    expect(await createAddressGuard(PUBLIC, resolver).refuse('https://hooks.example.com/')).toBe(URL_REFUSED);
    server.close();
  });

  test('are not asked where private targets are allowed: there the names of the system count', async () => {
    const addresses = await resolve(createAddressGuard(ANY), 'localhost');
    expect(addresses.map(({ address }) => address)).toContain('127.0.0.1');
  });
});
