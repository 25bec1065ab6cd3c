import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What whoever starts the runner chose, by variables and flags. */
export interface Settings {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** Absolute; undefined keeps nothing. */
  dataDir: string | undefined;
  /** Undefined: one is made and kept. */
  adminKey: string | undefined;
  allowPrivate: boolean;
  /** Absolute path of a team's own catalogue. */
  catalogue: string | undefined;
  /** Under which events are taken from the bus. */
  inboundSources: readonly string[];
  printLogs: boolean;
  /** So many environments of each function stand ready and take turns; undefined: they are made as they are needed. */
  environments: number | undefined;
  /** How many sample events the demo posts; undefined: no demo. */
  demoEvents: number | undefined;
}

/** A reason not to start that the one who starts can do something about: shown as it is, without a stack. */
export class Refusal extends Error {}

export const HELP = `npm start                 serve the API on http://127.0.0.1:4000, with everything behind it
npm start -- --demo       and three subscriptions, to which a sample event goes every second
npm start -- --demo=20    the same with 20 events
npm start -- --logs       and print what the functions print
npm start -- --help       this text

PORT                  4000          HTTP API; the inbox takes the next free one
HOST                  127.0.0.1
FANOUT_DATA           .fanout       where everything is kept; :memory: keeps nothing
FANOUT_ADMIN_KEY                    the first admin key, 20 characters or more; without it, one is made and kept
FANOUT_ALLOW_PRIVATE                0: no http, no private addresses, as on AWS; 1: allowed although HOST is not loopback
FANOUT_CATALOGUE                    path of your own catalogue
FANOUT_INBOUND_SOURCES              sources, with commas between them, whose events are taken from the bus
FANOUT_ENVIRONMENTS                 so many environments of each function stand ready, at 60 MB each, as in a busy deployment`;

type Environment = Record<string, string | undefined>;

/** Undefined when help is asked for. Throws a `Refusal` that names what to change. */
export function readSettings(args: readonly string[], environment: Environment): Settings | undefined {
  const { help, logs, demo } = readFlags(args);
  if (help) return undefined;

  const {
    HOST: host = '127.0.0.1',
    FANOUT_DATA: data = '.fanout',
    FANOUT_CATALOGUE: catalogue,
    FANOUT_INBOUND_SOURCES: sources,
  } = withoutEmpty(environment);
  const settings = {
    host,
    port: portOf(environment['PORT'] || '4000'),
    dataDir: data === ':memory:' ? undefined : resolve(data),
    adminKey: adminKeyOf(environment['FANOUT_ADMIN_KEY'] || undefined),
    allowPrivate: mayReachPrivate(host, environment['FANOUT_ALLOW_PRIVATE'] || undefined),
    catalogue: catalogueOf(catalogue),
    inboundSources: sources?.split(',') ?? [],
    printLogs: logs,
    environments: environmentsOf(environment['FANOUT_ENVIRONMENTS'] || undefined),
    demoEvents: demoEventsOf(demo),
  };
  if (demo !== undefined && !settings.allowPrivate)
    throw new Refusal('--demo sends to this machine, so private targets must be allowed: FANOUT_ALLOW_PRIVATE=1.');
  return settings;
}

/** A variable set to nothing counts as not set. */
const withoutEmpty = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));

function readFlags(args: readonly string[]): { help: boolean; logs: boolean; demo: string | undefined } {
  const options = {
    help: { type: 'boolean', short: 'h' },
    logs: { type: 'boolean' },
    demo: { type: 'string' },
  } as const;
  try {
    const { values } = parseArgs({ args: args.map((arg) => (arg === '--demo' ? '--demo=' : arg)), options });
    return { help: values.help ?? false, logs: values.logs ?? false, demo: values.demo };
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split('. ') : [];
    throw new Refusal(`${reason.replace(/\.$/, '')}. There are --demo, --demo=N, --logs and --help.`);
  }
}

function demoEventsOf(demo: string | undefined): number | undefined {
  if (demo === undefined) return undefined;
  if (demo === '') return Infinity;
  if (!/^[1-9]\d*$/.test(demo)) throw new Refusal(`--demo=${demo}: give a number of events, or --demo alone.`);
  return Number(demo);
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Refusal(`PORT is ${text}, which is no port.`);
}

const MOST_ENVIRONMENTS = 40;

function environmentsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^[1-9]\d*$/.test(text) && count <= MOST_ENVIRONMENTS) return count;
  throw new Refusal(`FANOUT_ENVIRONMENTS is ${text}: 1 to ${MOST_ENVIRONMENTS}.`);
}

function catalogueOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  if (!existsSync(path)) throw new Refusal(`FANOUT_CATALOGUE: there is no file ${path}.`);
  return resolve(path);
}

const SHORTEST_KEY = 20;

/** It travels in a header, so it can only be what a header carries. */
function adminKeyOf(key: string | undefined): string | undefined {
  if (key === undefined || (key.length >= SHORTEST_KEY && /^[\x21-\x7e]+$/.test(key))) return key;
  throw new Refusal(`FANOUT_ADMIN_KEY needs ${SHORTEST_KEY} or more visible ASCII characters, without spaces.`);
}

/** Whoever lets others in should not lend them a way to what only this machine can reach. */
function mayReachPrivate(host: string, flag: string | undefined): boolean {
  if (flag === undefined) return isLoopback(host);
  if (flag === '0' || flag === '1') return flag === '1';
  throw new Refusal(`FANOUT_ALLOW_PRIVATE is ${flag}: 0 or 1.`);
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
