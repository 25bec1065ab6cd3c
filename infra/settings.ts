import { existsSync } from 'node:fs';
import type { CatalogueAccess } from './api.ts';
import type { Auth } from './auth.ts';
import { BadSetting } from './bad-setting.ts';
import { CANARY_TRAFFIC } from './canary.ts';
import type { EventFanoutProps } from './event-fanout.ts';
import type { Lanes } from './lane-plan.ts';

/** What a deployment may choose with `-c name=value`. */
export interface Settings extends Pick<
  EventFanoutProps,
  | 'catalogue'
  | 'retentionDays'
  | 'eventRecoveryDays'
  | 'lanes'
  | 'drainingLanes'
  | 'ceilingPerSecond'
  | 'ingestPerSecond'
  | 'inboundSources'
  | 'throttles'
  | 'targets'
  | 'catalogueAccess'
  | 'auth'
  | 'portalFrames'
  | 'domain'
  | 'canary'
  | 'dev'
> {
  /** `dev`: one lane unless `lanes` says otherwise, and everything goes with the stacks. */
  stage: 'prod' | 'dev';
  /** Of the stack that works; the one that holds has `-State` behind it. */
  stackName: string;
}

type Context = Record<string, unknown>;

/** Every setting that there is. */
export const SETTING_NAMES = [
  'stage',
  'stackName',
  'catalogue',
  'retentionDays',
  'eventRecoveryDays',
  'lanes',
  'drainingLanes',
  'ceilingPerSecond',
  'ingestPerSecond',
  'inboundSources',
  'throttles',
  'targetPorts',
  'targetAllow',
  'targetDeny',
  'catalogueAccess',
  'auth',
  'portalFrames',
  'domainName',
  'certificateArn',
  'canary',
  'allowPrivateTargets',
];

/**
 * @param context all of CDK's context, where our names stand among those of CDK itself
 * @throws BadSetting
 */
export function readSettings(context: Context): Settings {
  refuseUnknown(context);
  const stage = oneOf(['prod', 'dev'], 'stage', context) ?? 'prod';
  return {
    stage,
    stackName: textOf('stackName', context) ?? (stage === 'dev' ? 'EventFanout-dev' : 'EventFanout'),
    ...devOf(stage, context),
    ...present('lanes', lanesOf(context) ?? (stage === 'dev' ? 'one' : undefined)),
    ...present('drainingLanes', textOf('drainingLanes', context)?.split(',')),
    ...present('catalogue', catalogueOf(context)),
    ...present('retentionDays', daysOf('retentionDays', context)),
    ...present('eventRecoveryDays', daysOf('eventRecoveryDays', context)),
    ...present('ceilingPerSecond', rateOf('ceilingPerSecond', context)),
    ...present('ingestPerSecond', rateOf('ingestPerSecond', context)),
    ...present('inboundSources', textOf('inboundSources', context)?.split(',')),
    ...present('throttles', throttlesIn(context)),
    ...present('targets', targetsIn(context)),
    ...present('catalogueAccess', oneOf<CatalogueAccess>(['open', 'key'], 'catalogueAccess', context)),
    ...present('auth', authIn(context)),
    ...present('portalFrames', textOf('portalFrames', context)?.split(',')),
    ...present('domain', domainOf(context)),
    ...present('canary', oneOf(CANARY_TRAFFIC, 'canary', context)),
  };
}

/** A misspelt name would otherwise deploy a default in silence. CDK's own names have a colon, a slash or a dash in them. */
function refuseUnknown(context: Context): void {
  const unknown = Object.keys(context).find((name) => /^\w+$/.test(name) && !SETTING_NAMES.includes(name));
  if (unknown) throw new BadSetting(`There is no setting ${unknown}; there are ${SETTING_NAMES.join(', ')}.`);
}

/** A member only where it has a value. */
const present = <N extends string, V>(name: N, value: V | undefined): { [K in N]?: V } =>
  value === undefined ? {} : ({ [name]: value } as { [K in N]?: V });

/** From the command line every value comes as text; from JSON it may be a number, a boolean or an object. */
function textOf(name: string, context: Context): string | undefined {
  const value = context[name];
  return typeof value === 'string' || value === undefined ? value : JSON.stringify(value);
}

function oneOf<T extends string>(choices: readonly T[], name: string, context: Context): T | undefined {
  const text = textOf(name, context);
  const choice = choices.find((one) => one === text);
  if (text !== undefined && !choice) throw new BadSetting(`${name} must be ${choices.join(' or ')}, not "${text}".`);
  return choice;
}

function devOf(stage: 'prod' | 'dev', context: Context): Pick<Settings, 'dev'> {
  const allowPrivateTargets = oneOf(['true', 'false'], 'allowPrivateTargets', context) === 'true';
  if (stage === 'dev') return { dev: { allowPrivateTargets } };
  if (allowPrivateTargets) throw new BadSetting('allowPrivateTargets=true needs stage=dev.');
  return {};
}

/** `per-group`, `one`, or a plan as JSON, whose groups are for the construct to judge. */
function lanesOf(context: Context): Lanes | undefined {
  const text = textOf('lanes', context);
  if (text === undefined || text === 'per-group' || text === 'one') return text;
  const plan = parsed(text);
  const isPlan = isObject(plan) && Object.values(plan).every((groups) => Array.isArray(groups) && groups.every(isText));
  if (!isPlan)
    throw new BadSetting(`lanes must be per-group, one, or JSON such as {"sales":["Invoice"]}, not "${text}".`);
  return plan as Record<string, string[]>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';

function catalogueOf(context: Context): string | undefined {
  const catalogue = textOf('catalogue', context);
  if (catalogue !== undefined && !existsSync(catalogue))
    throw new BadSetting(`catalogue: there is no file ${catalogue}.`);
  return catalogue;
}

/** How few or many days are wrong is for the construct to say. */
function daysOf(name: string, context: Context): number | undefined {
  const text = textOf(name, context);
  if (text !== undefined && !/^\d+$/.test(text)) throw new BadSetting(`${name} must be a whole number, not "${text}".`);
  return text === undefined ? undefined : Number(text);
}

/** Which ports and networks are wrong is for the construct to say. */
function targetsIn(context: Context): Settings['targets'] {
  const [ports, allow, deny] = ['targetPorts', 'targetAllow', 'targetDeny'].map((name) =>
    textOf(name, context)?.split(','),
  );
  if (ports === undefined && allow === undefined && deny === undefined) return undefined;
  return { ...present('ports', ports?.map(Number)), ...present('allow', allow), ...present('deny', deny) };
}

/** How low a rate is wrong is for the construct to say. */
function rateOf(name: string, context: Context): number | undefined {
  const text = textOf(name, context);
  if (text !== undefined && !/^\d+(\.\d+)?$/.test(text))
    throw new BadSetting(`${name} must be a number, not "${text}".`);
  return text === undefined ? undefined : Number(text);
}

const THROTTLED = ['ingest', 'controlPlane', 'open'];

/** Which figures are wrong is for the construct to say. */
function throttlesIn(context: Context): Settings['throttles'] {
  const text = textOf('throttles', context);
  if (text === undefined) return undefined;
  const throttles = parsed(text);
  const isPlan = isObject(throttles) && Object.entries(throttles).every(isThrottle);
  if (!isPlan)
    throw new BadSetting(`throttles must be JSON such as {"ingest":{"perSecond":2000,"burst":4000}}, not "${text}".`);
  return throttles;
}

const isThrottle = ([name, value]: [string, unknown]): boolean =>
  THROTTLED.includes(name) &&
  isObject(value) &&
  Object.keys(value).toSorted().join() === 'burst,perSecond' &&
  Object.values(value).every((figure) => typeof figure === 'number');

const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

/** What is in there is for the construct to judge, which asks the functions' own reader. */
function authIn(context: Context): Auth | undefined {
  const text = textOf('auth', context);
  if (text === undefined || text === 'keys') return text;
  const auth = parsed(text);
  const [[by, value] = [], ...others] = Object.entries(isObject(auth) ? auth : {}) as [string, unknown][];
  const isJwt =
    by === 'jwt' &&
    isObject(value) &&
    'issuer' in value &&
    isText(value.issuer) &&
    'audience' in value &&
    isTexts(value.audience);
  const isIam = by === 'iam' && isObject(value) && Object.values(value).every(isObject);
  if (others.length > 0 || !(isJwt || isIam))
    throw new BadSetting(
      `auth must be keys, or JSON such as {"jwt":{"issuer":"https://...","audience":["..."]}}, not "${text}".`,
    );
  return auth as Auth;
}

function domainOf(context: Context): Settings['domain'] {
  const [name, certificateArn] = [textOf('domainName', context), textOf('certificateArn', context)];
  if (name !== undefined && certificateArn !== undefined) return { name, certificateArn };
  if (name === undefined && certificateArn === undefined) return undefined;
  throw new BadSetting('domainName and certificateArn go together.');
}
