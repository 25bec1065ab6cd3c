import { existsSync } from 'node:fs';
import { BadSetting } from './bad-setting.ts';

/** What a deployment may choose with `-c name=value`. */
export interface Settings {
  /** `dev`: one lane, and everything goes with the stack. */
  stage: 'prod' | 'dev';
  stackName: string;
  catalogue?: string;
  retentionDays?: number;
  allowPrivateTargets: boolean;
}

type Context = Record<string, unknown>;

const NAMES = ['stage', 'stackName', 'catalogue', 'retentionDays', 'allowPrivateTargets'];

/**
 * @param context all of CDK's context, where our names stand among those of CDK itself
 * @throws BadSetting
 */
export function readSettings(context: Context): Settings {
  refuseUnknown(context);
  const stage = oneOf(['prod', 'dev'], 'stage', context) ?? 'prod';
  const allowPrivateTargets = oneOf(['true', 'false'], 'allowPrivateTargets', context) === 'true';
  if (allowPrivateTargets && stage !== 'dev') throw new BadSetting('allowPrivateTargets=true needs stage=dev.');
  return {
    stage,
    stackName: textOf('stackName', context) ?? (stage === 'dev' ? 'EventFanout-dev' : 'EventFanout'),
    allowPrivateTargets,
    ...catalogueOf(context),
    ...retentionOf(context),
  };
}

/** A misspelt name would otherwise deploy a default in silence. CDK's own names have a colon, a slash or a dash in them. */
function refuseUnknown(context: Context): void {
  const unknown = Object.keys(context).find((name) => /^\w+$/.test(name) && !NAMES.includes(name));
  if (unknown) throw new BadSetting(`There is no setting ${unknown}; there are ${NAMES.join(', ')}.`);
}

/** From the command line every value comes as text; from JSON it may be a number or a boolean. */
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

function catalogueOf(context: Context): Pick<Settings, 'catalogue'> {
  const catalogue = textOf('catalogue', context);
  if (catalogue === undefined) return {};
  if (!existsSync(catalogue)) throw new BadSetting(`catalogue: there is no file ${catalogue}.`);
  return { catalogue };
}

/** How few days are too few is for the construct to say. */
function retentionOf(context: Context): Pick<Settings, 'retentionDays'> {
  const text = textOf('retentionDays', context);
  if (text === undefined) return {};
  if (!/^\d+$/.test(text)) throw new BadSetting(`retentionDays must be a whole number, not "${text}".`);
  return { retentionDays: Number(text) };
}
