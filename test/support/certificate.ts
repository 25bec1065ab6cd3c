import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';

export interface Certificate {
  key: string;
  cert: string;
  name: string;
  privateKey: KeyObject;
}

export interface Wanted {
  /** Host names and IPv4 addresses it is for; the first is its name. */
  hosts: string[];
  /** Who signs it; without one it signs itself. */
  issuer?: Certificate;
  /** Days from now. */
  from?: number;
  until?: number;
  kind?: 'server' | 'authority';
}

// Just enough DER (X.690) for X.509 certificates: Node reads them and does not make them, and a key kept in the
// repository would be a secret that is none.
function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const size = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}
const sequence = (...items: Buffer[]): Buffer => der(0x30, ...items);
const ECDSA_SHA256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const ALTERNATIVE_NAMES = Buffer.from('0603551d11', 'hex');

const named = (name: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));

function time(daysFromNow: number): Buffer {
  const iso = new Date(Date.now() + daysFromNow * 86_400_000).toISOString();
  return der(0x17, Buffer.from(`${iso.slice(2, 19).replace(/\D/g, '')}Z`));
}

const host = (name: string): Buffer =>
  isIPv4(name) ? der(0x87, Buffer.from(name.split('.').map(Number))) : der(0x82, Buffer.from(name));

function extensions({ hosts, kind }: Wanted): Buffer {
  const authority = sequence(BASIC_CONSTRAINTS, der(0x04, sequence(der(0x01, Buffer.from([0xff])))));
  const names = sequence(ALTERNATIVE_NAMES, der(0x04, sequence(...hosts.map(host))));
  return der(0xa3, sequence(kind === 'authority' ? authority : names));
}

const pem = (body: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${body.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;

export function makeCertificate(wanted: Wanted): Certificate {
  const { hosts, issuer, from = -1, until = 30 } = wanted;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const [name = ''] = hosts;
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const toSign = sequence(
    version,
    serial,
    ECDSA_SHA256,
    named(issuer?.name ?? name),
    sequence(time(from), time(until)),
    named(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(wanted),
  );
  const signature = sign('sha256', toSign, issuer?.privateKey ?? privateKey);
  const cert = pem(sequence(toSign, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature)));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert, name, privateKey };
}
