import { readFileSync } from 'node:fs';

const TICKS_A_SECOND = 100;

/** CPU seconds of a process so far; NaN where nobody tells. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function cpuOf(pid: number): number {
  try {
    const [, fields = ''] = /\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    const [user = NaN, system = NaN] = fields.split(' ').slice(11, 13).map(Number);
    return (user + system) / TICKS_A_SECOND;
  } catch {
    return NaN;
  }
}
