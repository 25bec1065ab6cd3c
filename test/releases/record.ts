import '../support/quiet-logs.ts';
import crypto from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import release from '../../package.json' with { type: 'json' };
import { startDynalite } from '../support/dynamodb.ts';
import { startKms } from '../support/kms.ts';
import { fileOf } from './recording.ts';
import { MASTER_KEY, tell } from './story.ts';

/*
 * Writes down what this release writes, as test/releases/<version>.json: once, before it goes out. A release that is out is
 * history, and its file stays as it is. Only while nothing runs a version yet may its file be removed and recorded again.
 */

/**
 * The same chance at every run, so that two recordings of the same code are the same. The vault and the KMS draw a nonce or a key
 * when they need one; each size has a sequence of its own, because the embedded tables draw as well, and at no fixed moments.
 */
function fixChance(): void {
  const drawn = new Map<number, number>();
  const randomBytes = (size: number): Buffer => {
    const count = (drawn.get(size) ?? 0) + 1;
    drawn.set(size, count);
    return Buffer.from(crypto.hkdfSync('sha256', `${size} ${count}`, '', '', size));
  };
  Object.assign(crypto, { randomBytes });
  syncBuiltinESMExports();
}

const file = new URL(`${release.version}.json`, import.meta.url);
if (existsSync(file)) throw new Error(`${release.version} is recorded already: what it wrote is history`);

fixChance();
const dynamo = await startDynalite();
const kms = await startKms(MASTER_KEY);
try {
  writeFileSync(file, fileOf(await tell(dynamo, kms, release.version)), { flag: 'wx' });
  console.log(`recorded ${release.version}`);
} finally {
  await kms.close();
  await dynamo.close();
}
