import { writeFileSync } from 'node:fs';
import packageJson from '../../package.json' with { type: 'json' };
import { Synthesis } from './synthesis.ts';

/* Keeps the state stack of this release for upgrade.test.ts. A release is history: it is written once. */

const file = new URL(`released/${packageJson.version}.json`, import.meta.url);
const now = new Synthesis({});
writeFileSync(file, `${JSON.stringify(now.state, null, 1)}\n`, { flag: 'wx' });
now.remove();
