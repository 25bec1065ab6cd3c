import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { secretBytes, publicKeyText, secretText, signingKey, webhookHeaders } from '../../shared/domain/sign.ts';
import { payloadOf } from '../../shared/domain/payload.ts';
import { AT, make } from '../support/make.ts';

interface Vector {
  name: string;
  scheme: 'v1' | 'v1a';
  secret: string;
  id: string;
  timestamp: number;
  body: string;
  signature: string;
  publicKey?: string;
  secretKeySeedBase64?: string;
}
interface Rotation extends Pick<Vector, 'id' | 'timestamp' | 'body'> {
  newSecret: string;
  oldSecret: string;
  signatureHeader: string;
}

const { vectors, rotation }: { vectors: Vector[]; rotation: Rotation } = JSON.parse(
  readFileSync('test/vectors/standard-webhooks-vectors.json', 'utf8'),
);
const symmetric = vectors.filter(({ scheme }) => scheme === 'v1');

describe('the vectors of Standard Webhooks', () => {
  test('are whole', () => {
    expect(symmetric.length).toBe(12);
    expect(symmetric[0]?.name).toBe('published-by-official-libraries');
  });

  test.each(symmetric)('$name', ({ secret, id, timestamp, body, signature }) => {
    const headers = webhookHeaders({ id, at: new Date(timestamp * 1000), body, keys: [signingKey(secret)] });
    expect(headers).toEqual({
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    });
  });

  test('rotation: both secrets sign, the new one first', () => {
    const { id, timestamp, body, newSecret, oldSecret, signatureHeader } = rotation;
    const keys = [newSecret, oldSecret].map(signingKey);
    const headers = webhookHeaders({ id, at: new Date(timestamp * 1000), body, keys });
    expect(headers['webhook-signature']).toBe(signatureHeader);
  });

  test.each(vectors.filter(({ scheme }) => scheme === 'v1a'))('$name', (vector) => {
    const { id, timestamp, body, signature, publicKey, secretKeySeedBase64: seed = '' } = vector;
    const secret = secretText(Buffer.from(seed, 'base64'), 'v1a');
    expect(secret).toBe(`whsk_${seed}`);
    expect(publicKeyText(secret)).toBe(publicKey);
    const headers = webhookHeaders({ id, at: new Date(timestamp * 1000), body, keys: [signingKey(secret)] });
    expect(headers['webhook-signature']).toBe(signature);
  });

  test('while the signature changes, each kind signs', () => {
    const secrets = [secretText(Buffer.alloc(32, 1), 'v1a'), secretText(Buffer.alloc(32, 2))];
    const headers = webhookHeaders({ id: 'a', at: new Date(AT), body: '{}', keys: secrets.map(signingKey) });
    expect(headers['webhook-signature']).toMatch(/^v1a,[A-Za-z0-9+/]{86}== v1,[A-Za-z0-9+/]{43}=$/);
  });
});

describe('the reference library accepts', () => {
  beforeEach(() => void jest.useFakeTimers({ now: new Date(AT) }));
  afterEach(() => void jest.useRealTimers());

  const secret = secretText(randomBytes(32));
  const sign = (body: string, secrets = [secret], at = AT) =>
    webhookHeaders({ id: 'dlv_1', at: new Date(at), body, keys: secrets.map(signingKey) });

  test.each([
    ['an envelope', payloadOf('envelope', make.event(), 'dlv_1').text],
    ['characters beyond ASCII', '{"name":"Zoë 🚀 東京"}'],
    ['numbers that no parser keeps', '{"n":820982911946154508,"p":199.00}'],
    ['an empty body', ''],
  ])('%s', (_, body) => {
    new Webhook(secret).verify(body, sign(body), { jsonParse: false });
    expect(sign(body)['webhook-signature']).toBe(new Webhook(secret).sign('dlv_1', new Date(AT), body));
  });

  test.each([24, 32, 64])('secrets of %i bytes', (length) => {
    const own = secretText(Buffer.alloc(length, 0xfe));
    expect(new Webhook(own).verify('{}', sign('{}', [own]))).toEqual({});
  });

  test('either of two secrets during a rotation', () => {
    const old = secretText(randomBytes(24));
    for (const each of [secret, old]) expect(new Webhook(each).verify('{}', sign('{}', [secret, old]))).toEqual({});
  });

  test.each([
    ['another body', '{ }', 'dlv_1', AT],
    ['another id', '{}', 'dlv_2', AT],
    ['an attempt of ten minutes ago', '{}', 'dlv_1', '2026-03-04T04:56:07Z'],
  ])('and refuses %s', (_, body, id, at) => {
    const headers = { ...sign('{}', [secret], at), 'webhook-id': id };
    expect(() => new Webhook(secret).verify(body, headers)).toThrow();
  });

  test('and refuses another secret', () => {
    expect(() => new Webhook(secretText(randomBytes(32))).verify('{}', sign('{}'))).toThrow();
  });
});

test('the timestamp is in whole seconds, and the one that is signed', () => {
  const key = Buffer.alloc(24, 1);
  const headers = webhookHeaders({ id: 'a', at: new Date(1_999), body: 'b', keys: [signingKey(secretText(key))] });
  const signature = createHmac('sha256', key).update('a.1.b').digest('base64');
  expect(headers).toEqual({ 'webhook-id': 'a', 'webhook-timestamp': '1', 'webhook-signature': `v1,${signature}` });
});

describe('a secret', () => {
  test.each([
    [23, false],
    [24, true],
    [25, true],
    [64, true],
    [65, false],
  ])('of %i bytes is one: %s', (length, good) => {
    const bytes = Buffer.alloc(length, 7);
    expect(secretBytes(secretText(bytes))).toEqual(good ? bytes : undefined);
  });

  const good = secretText(Buffer.alloc(32, 0xfb));
  test.each([
    ['empty', ''],
    ['a prefix alone', 'whsec_'],
    ['without its prefix', good.slice(6)],
    ['with another prefix', good.replace('whsec_', 'whpk_')],
    ['with its prefix in capitals', good.replace('whsec_', 'WHSEC_')],
    ['without its padding', good.replace('=', '')],
    ['with padding to spare', `${good}=`],
    ['in the alphabet of URLs', good.replaceAll('+', '-').replaceAll('/', '_')],
    ['with white space behind', `${good}\n`],
    ['with white space inside', good.replace('whsec_', 'whsec_ ')],
    ['with bits that nobody reads', good.replace(/.=$/, '9=')],
    ['with a character that is none', good.replace('whsec_', 'whsec_é')],
  ])('is none when it is %s', (_, text) => {
    expect(text).not.toBe(good);
    expect(secretBytes(text)).toBeUndefined();
    expect(() => signingKey(text)).toThrow('neither a whsec_ nor a whsk_ secret');
  });
});
