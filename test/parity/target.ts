/** The local runner, or what `deploy-probe.ts` has deployed the probe on. */
export const TARGET = process.env['PROBE_TARGET'] === 'deployed' ? 'emulator' : 'local';

/**
 * How long a queue hides a message. Lambda wants at least the time-out of the function, and where a process is started for a
 * function that start counts: on a busy machine, seconds.
 */
export const HIDDEN_SECONDS = TARGET === 'local' ? 4 : 6;
