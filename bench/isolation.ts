/**
 * How much do subscribers that misbehave cost those that do not? `npm run bench:isolation`; it needs no network and ends by itself.
 *
 * First with the clock as a value (`--clock=simulated`): the code of the stages as it is, in as many environments as AWS would have, and
 * nothing shares a processor, so that what is left is what the design makes wait for what. Events begin the moment that the troublesome
 * are there. Its `worst` is the slowest delivery of all; what it takes until a subscriber is known to hang shows there.
 *
 * Then on the clock of this machine (`--clock=real`). The local runner serves 20 healthy subscribers, as `npm start` would, and events
 * are posted to it by a timetable that waits for nothing (open loop). A latency runs from the moment at which the event was to be posted until its arrival at a subscriber, so
 * whatever holds up the posting counts as well. Each case alternates stretches without trouble (A), with it (B), and with the same
 * subscriptions at endpoints that answer (C): A B A C A B A C A. Nothing is restarted and the same events are posted in all of them:
 * what an A lacks is the troublesome subscriptions. They are made right before a B or C begins, so the time until the system takes
 * notice is part of it, and deleted at its end.
 *
 * A trouble that is not measured comes first. Requests that hang hold environments, so others are needed; they are started once,
 * for some 200 ms of CPU each. On AWS they start side by side, and here two at a time: see \`first\`.
 *
 * How to read the table:
 *   p50, p99    B divided by A, over all deliveries to healthy subscribers. Promise 4 wants both within x1.10.
 *   A/A         the middle A divided by the outer two: the same thing measured twice, which is what noise alone makes of it. Where
 *               that is not near x1.00, the figure left of it says little. One hiccup of the machine hits all 20 deliveries of
 *               an event: with some hundred events, p99 is about the worst of them.
 *   of load     p50 and p99 of B divided by those of C: what the misbehaviour alone does, without what more deliveries do to two
 *               cores.
 *   cpu         CPU seconds a second of the runner's process, B divided by A. Two cores are all that many a machine has; what
 *               trouble costs in CPU shows in the latencies here, and would not on AWS.
 *   arrived     at healthy subscribers, of those that were due; `twice`: with the same webhook-id as one before.
 *   got         requests that reached the troublesome in all Bs, for the deliveries that were due to them. What nobody can count
 *               at a closed port is taken from the API's list of attempts.
 *
 * Times stand only beside the ratio that they make: they are those of this machine. It wants the machine for itself: the runner
 * alone takes half a core. A hung endpoint's requests last 15 s: a B shorter than that sees none of them end, and `--seconds=60`
 * shows circuits that open as well.
 */
import { parseArgs } from 'node:util';
import { startSystem } from '../test/support/running-system.ts';
import { CASES } from './isolation/cases.ts';
import { startEndpoints } from './isolation/endpoints.ts';
import { durationMs, measure, type Setting } from './isolation/measure.ts';
import { simulate } from './isolation/simulated.ts';
import { holds, linesOf, simulatedLines, type Row, type SimulatedRow } from './isolation/table.ts';

const SECONDS = 11;
const SIMULATED_SECONDS = 60;
/** Of each function: more than requests that hang hold at a time, until they are known to. */
const ENVIRONMENTS = 12;
const WARM_UP_SECONDS = 5;

const CLOCKS = ['simulated', 'real'];

const HELP = `npm run bench:isolation                     all cases on both clocks, in about 40 minutes
npm run bench:isolation -- --clock=real     on one: ${CLOCKS.join(' or ')}
npm run bench:isolation -- --only=mixed     some: ${CASES.map(({ name }) => name).join(', ')}; \`hung\` is all that begin so
npm run bench:isolation -- --seconds=40     how long each stretch with trouble lasts (${SIMULATED_SECONDS} simulated, ${SECONDS} real); all takes longer in proportion
npm run bench:isolation -- --warm=1         how many environments of each function are warm, simulated (${ENVIRONMENTS})
npm run bench:isolation -- --strict         ends with 1 where a case is not within 10 %`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    clock: { type: 'string', default: CLOCKS.join(',') },
    seconds: { type: 'string' },
    warm: { type: 'string', default: String(ENVIRONMENTS) },
    strict: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const wanted = values.only.split(',');
const clocks = values.clock.split(',');
const cases = CASES.filter(({ name }) => wanted.some((start) => name.startsWith(start)));

interface Result {
  rows: Row[];
  /** Why a case has no row. */
  missing: string[];
}

/** A case that fails, as one does on a machine that is too busy, takes nothing from the others. */
async function measureAll(setting: Setting, endAt: number): Promise<Result> {
  const rows: Row[] = [];
  const missing: string[] = [];
  for (const one of cases) {
    if (Date.now() + durationMs(setting.seconds) > endAt) {
      missing.push(`${one.name}: no time was left`);
      continue;
    }
    console.log(`${one.name}: ${one.about} ...`);
    try {
      rows.push({ name: one.name, ...(await measure(one, setting)) });
    } catch (error) {
      missing.push(`${one.name}: ${String(error)}`);
    }
  }
  return { rows, missing };
}

async function run(seconds: number): Promise<Result> {
  // A little more than all of them take where nothing has to be waited for.
  const endAt = Date.now() + CASES.length * durationMs(seconds) + 10_000;
  const system = await startSystem({ env: { FANOUT_ENVIRONMENTS: String(ENVIRONMENTS) } });
  const endpoints = await startEndpoints();
  try {
    // Whatever has not run a hundred times is slow, wherever it runs.
    await measure(CASES[0], { system, endpoints, seconds: WARM_UP_SECONDS });
    return await measureAll({ system, endpoints, seconds }, endAt);
  } finally {
    await Promise.all([endpoints.close(), system.stop()]);
  }
}

/** Of the simulated clock: whether every case held. */
async function simulateAll(seconds: number): Promise<boolean> {
  const rows: SimulatedRow[] = [];
  for (const one of cases) {
    console.log(`${one.name}, simulated: ${one.about} ...`);
    rows.push({ name: one.name, ...(await simulate(one, { seconds, warm: warmWanted() })) });
  }
  console.log(`\n${simulatedLines(rows).join('\n')}\n`);
  return rows.every(holds);
}

async function runAll(seconds: number): Promise<boolean> {
  const { rows, missing } = await run(seconds);
  console.log(`\n${linesOf(rows).join('\n')}`);
  for (const line of missing) console.log(`not measured: ${line}`);
  return missing.length === 0 && rows.every(holds);
}

function warmWanted(): number {
  const warm = Number(values.warm);
  if (Number.isInteger(warm) && warm >= 0) return warm;
  throw new Error(`--warm=${values.warm}: a whole number`);
}

function secondsWanted(otherwise: number): number {
  const seconds = Number(values.seconds ?? otherwise);
  if (seconds > 0 && seconds <= 600) return seconds;
  throw new Error(`--seconds=${values.seconds}: more than 0, and 600 at most`);
}

if (values.help) {
  console.log(HELP);
} else if (cases.length === 0) {
  throw new Error(`--only=${values.only}: there are ${CASES.map(({ name }) => name).join(', ')}`);
} else if (clocks.some((clock) => !CLOCKS.includes(clock))) {
  throw new Error(`--clock=${values.clock}: there are ${CLOCKS.join(', ')}`);
} else {
  const held = [
    !clocks.includes('simulated') || (await simulateAll(secondsWanted(SIMULATED_SECONDS))),
    !clocks.includes('real') || (await runAll(secondsWanted(SECONDS))),
  ];
  if (values.strict && held.includes(false)) process.exitCode = 1;
}
