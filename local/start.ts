import { HELP, readSettings, Refusal } from './settings.ts';

process.env['TZ'] = 'UTC'; // as in Lambda; the threads of the functions share the process's time zone

/** Ctrl-C and SIGTERM let running attempts finish; a second one leaves at once. So does the end of whoever started us as a child. */
const leaving = new AbortController();
function leave(): void {
  if (leaving.signal.aborted) process.exit(130);
  leaving.abort();
}
process.on('SIGINT', leave).on('SIGTERM', leave).on('disconnect', leave);

// npm ends on SIGTERM and tells nobody: without it, we are not wanted either.
if (process.env['npm_lifecycle_event'] !== undefined) {
  const npm = process.ppid;
  setInterval(() => process.ppid === npm || leaving.abort(), 500).unref();
}

try {
  const settings = readSettings(process.argv.slice(2), process.env);
  console.log(settings ? 'event-fanout is starting ...' : HELP);
  // Loaded late, so that whoever waits sees something at once.
  if (settings) await (await import('./run.ts')).run(settings, leaving.signal);
} catch (error) {
  if (!leaving.signal.aborted) {
    console.error(error instanceof Refusal ? `event-fanout: ${error.message}` : error);
    process.exitCode = 1;
  }
}
process.exit();
