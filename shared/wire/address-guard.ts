import { promises as dns } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { callbackify } from 'node:util';
import ipaddr from 'ipaddr.js';

export interface AddressPolicy {
  /** 'any' is for a local run or a private network: http, every port, private and loopback addresses as well. */
  targets: 'public' | 'any';
  /** Ports beside 443 and 8443. */
  ports?: readonly number[];
  /** CIDR blocks that count as public, such as a peered network; special names may lead there. */
  allow?: readonly string[];
  /** CIDR blocks that are refused whatever else holds. */
  deny?: readonly string[];
}

/** The addresses of a name in the order to dial them. None and a rejection mean the same. */
export type Resolver = (host: string) => Promise<readonly string[]>;

/** One text for every refusal, so that it does not tell which names exist inside a network. */
export const URL_REFUSED =
  'The URL must be https, at most 2,048 characters, on an allowed port (443 or 8443 unless configured otherwise), ' +
  'without credentials, spaces, backslashes or control characters, and lead to a public address.';

/** Thrown at the connect. Carries no address: what is shown of it must not tell private networks apart. */
export class AddressNotAllowed extends Error {
  override name = 'AddressNotAllowed';
}

export class NameNotResolved extends Error {
  override name = 'NameNotResolved';
}

export interface AddressGuard {
  /** The URL, unless its text alone rules it out. */
  admitUrl(raw: string): URL | undefined;
  /** For registration: why a URL is refused, by its text and by where its name leads now. A name without an answer in 2 s passes. */
  refuse(raw: string): Promise<string | undefined>;
  admitsAddress(address: string): boolean;
  /** For sockets: hands out what may be dialled, so that the address checked and the address dialled are the same. */
  lookup: LookupFunction;
}

const blocks = (cidrs: readonly string[]) => cidrs.map((cidr) => ipaddr.parseCIDR(cidr));
type Address = ReturnType<typeof ipaddr.parse>;

const isIn = (address: Address, networks: ReturnType<typeof blocks>): boolean =>
  networks.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits));

// https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry. IPv6 is a list of what is
// public, because an address outside 2000::/3 can embed an IPv4 one (mapped, compatible, translated, NAT64).
const SPECIAL_V4 = blocks([
  '0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24',
  '192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24',
  '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4',
]); // prettier-ignore
const GLOBAL_V6 = blocks(['2000::/3']);
// 2001::/23 holds Teredo, ORCHID and benchmarking; 2002::/16 is 6to4.
const SPECIAL_V6 = blocks(['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']);

const PRIVATE = blocks([
  '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '::1/128', 'fc00::/7',
]); // prettier-ignore

// Metadata and platform services of the clouds (AWS, Azure, Alibaba, Oracle). They give credentials away, so nobody
// gets there unless the policy names the block.
const PLATFORM = blocks([
  '169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32',
]); // prettier-ignore

const isPublic = (address: Address): boolean =>
  address.kind() === 'ipv4' ? !isIn(address, SPECIAL_V4) : isIn(address, GLOBAL_V6) && !isIn(address, SPECIAL_V6);

/** Top-level names that never lead to the public internet (RFC 6761, 6762, 7686, 9476, ICANN) or are used inside only. */
const INSIDE = new Set([
  'alt', 'arpa', 'cluster', 'consul', 'corp', 'docker', 'example', 'home', 'internal', 'intranet', 'invalid', 'lan',
  'local', 'localdomain', 'localhost', 'mail', 'onion', 'private', 'svc', 'test',
]); // prettier-ignore
const LABEL = /^[a-z0-9_-]{1,63}$/;
const PUBLIC_TOP = /^(?:[a-z]{2,63}|xn--[a-z0-9-]{1,59})$/;

const LONGEST_URL = 2048;
/** The URL parser drops or rewrites these, so what is shown and what is dialled would differ. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\p{Z}\\]/u;
const AUTHORITY = /^https?:\/\/([^/?#]+)/i;

const REGISTRATION_MS = 2_000;
const CONNECT_MS = 5_000;

/** Decides which URLs may be registered and which addresses may be dialled. */
export function createAddressGuard(policy: AddressPolicy, resolver: Resolver = resolverFor(policy)): AddressGuard {
  const allowed = blocks(policy.allow ?? []);
  const denied = blocks(policy.deny ?? []);
  const ports = new Set(['', '443', '8443', ...(policy.ports ?? []).map(String)]);
  const open = policy.targets === 'any';

  function admitsAddress(text: string): boolean {
    if (isIP(text) === 0) return false;
    const address = open ? ipaddr.process(text) : ipaddr.parse(text);
    if (isIn(address, denied)) return false;
    if (isIn(address, allowed)) return true;
    if (isIn(address, PLATFORM)) return false;
    return isPublic(address) || (open && isIn(address, PRIVATE));
  }

  function admitsName(host: string): boolean {
    const labels = host.replace(/\.$/, '').split('.');
    if (host.length > 254 || !labels.every((label) => LABEL.test(label))) return false;
    if (open || allowed.length > 0) return true;
    const top = labels.at(-1) ?? '';
    return labels.length > 1 && PUBLIC_TOP.test(top) && !INSIDE.has(top);
  }

  const admitsHost = (host: string): boolean => (isIP(host) === 0 ? admitsName(host) : admitsAddress(host));
  const admitsScheme = ({ protocol, port }: URL): boolean =>
    open ? port !== '0' : protocol === 'https:' && ports.has(port);

  function admitUrl(raw: string): URL | undefined {
    if (raw.length > LONGEST_URL || FORBIDDEN.test(raw)) return undefined;
    const authority = AUTHORITY.exec(raw)?.[1];
    if (authority === undefined || authority.includes('@')) return undefined;
    const url = URL.parse(raw);
    return url !== null && admitsScheme(url) && admitsHost(hostOf(url)) ? url : undefined;
  }

  async function refuse(raw: string): Promise<string | undefined> {
    const url = admitUrl(raw);
    if (url === undefined) return URL_REFUSED;
    const host = hostOf(url);
    if (isIP(host) !== 0) return undefined;
    const addresses = await within(REGISTRATION_MS, resolver(host)).catch(() => []);
    return addresses.every(admitsAddress) ? undefined : URL_REFUSED;
  }

  /** One private answer among public ones refuses the name: it is a mistake there or an attempt here. */
  async function dialable(host: string): Promise<{ address: string; family: number }[]> {
    const addresses = await within(CONNECT_MS, resolver(host)).catch((cause: unknown) => {
      throw new NameNotResolved(host, { cause });
    });
    if (addresses.length === 0) throw new NameNotResolved(host);
    if (!addresses.every(admitsAddress)) throw new AddressNotAllowed();
    return addresses.map((address) => ({ address, family: isIP(address) }));
  }

  const lookup: LookupFunction = (host, { all }, callback) =>
    callbackify(dialable)(host, (error: Error | null, addresses) => {
      if (error) return callback(error, '');
      if (all) return callback(null, addresses);
      callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });

  return { admitUrl, refuse, admitsAddress, lookup };
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

function within<T>(ms: number, answer: Promise<T>): Promise<T> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(reject, ms, new Error(`no answer in ${ms} ms`));
  return Promise.race([answer, silence]).finally(() => clearTimeout(timer));
}

/** Names of the hosts file (localhost, containers) count only where private targets do. */
const resolverFor = ({ targets }: AddressPolicy): Resolver => (targets === 'any' ? systemNames : nameServers());

const systemNames: Resolver = async (host) => (await dns.lookup(host, { all: true })).map(({ address }) => address);

/**
 * Asks the name servers without `getaddrinfo`: that runs on four threads for all names, so four names whose servers are
 * dead would hold up the deliveries of everybody else.
 */
export function nameServers(servers?: readonly string[]): Resolver {
  const resolver = new dns.Resolver({ timeout: 1_000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  return async (host) => {
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  };
}
