import { availableParallelism } from 'node:os';

const FRESH_MS = 250;
const BUSY = 0.85;

interface Sample {
  at: number;
  usedMs: number;
}

function sample(): Sample {
  const { user, system } = process.cpuUsage();
  return { at: performance.now(), usedMs: (user + system) / 1_000 };
}

let before: Sample = { at: 0, usedMs: 0 };
let latest = sample();

/** Whether this process, with all its threads, has lately used nearly all that the machine's processors can do. */
export function isProcessorBusy(): boolean {
  if (performance.now() - latest.at > FRESH_MS) [before, latest] = [latest, sample()];
  return latest.usedMs - before.usedMs > (latest.at - before.at) * availableParallelism() * BUSY;
}
