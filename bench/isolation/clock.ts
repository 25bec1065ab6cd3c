/** Milliseconds of a clock that never jumps, and that is the same one in every thread. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6;
