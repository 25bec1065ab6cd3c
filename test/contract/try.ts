import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Failed, run } from '../../deploy/program.ts';
import { installPython } from '../../deploy/python.ts';
import { step, tell } from '../deployed/step.ts';
import { callerOf } from '../support/api.ts';
import { startSystem } from '../support/running-system.ts';

const HELP = `npm run test:contract                   tries the running API against its own description, with every check and phase
npm run test:contract -- --examples=50  with so many examples of each operation (default: 10)

The same requests come in the same order each time. It needs python3 with its venv module.`;

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** A catalogue of one type: with 38 of them, nine of ten requests would be events of some type with some member missing. */
const CATALOGUE = pathOf('../fixtures/small-catalogue.ts');

async function tryContract(examples: string): Promise<void> {
  const requirements = pathOf('requirements.txt');
  const programs = await step('install schemathesis', 180, (signal) =>
    installPython({ requirements, print: tell, signal }),
  );
  const system = await step('start the local runner', 120, () => startSystem({ env: { FANOUT_CATALOGUE: CATALOGUE } }));
  const args = [
    ...['--config-file', pathOf('schemathesis.toml'), '--no-color', 'run', `${system.url}/openapi.json`],
    ...['--header', `Authorization: Bearer ${system.adminKey}`],
    ...['--checks', 'all', '--max-examples', examples, '--workers', '1'],
  ];
  const { PATH = '', HOME = '' } = process.env;
  try {
    await step('try every operation', 900, (signal) =>
      run({
        command: `${programs}/schemathesis`,
        args,
        cwd: pathOf('.'),
        environment: { PATH, HOME },
        print: tell,
        signal,
      }),
    );
    // With a key that it had deleted itself, every answer would have been a 401, and every check content.
    const { status } = await callerOf(system).get('/v1/me');
    if (status !== 200) throw new Failed(`the key of the run does not work any more: ${status}`);
  } finally {
    await system.stop();
  }
}

const { help, examples } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' }, examples: { type: 'string', default: '10' } },
}).values;
if (help === true) console.log(HELP);
else await tryContract(examples);
