import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNT, REGION } from './aws/identity.ts';
import { isObject, list, object, text, type Json } from './json.ts';

export interface Resource {
  /** The logical id; also its name here, unless the template gives it one. */
  id: string;
  type: string;
  /** As written: references are not yet resolved. */
  properties: Json;
}

export interface Template {
  /** Those of all stacks, in the order in which the stacks are deployed. */
  resources: readonly Resource[];
  /** What a stack tells the others, as written. */
  output(stackName: string, name: string): unknown;
  /** The folder that is uploaded under this key, for example as a function's code. */
  assetFolder(objectKey: string): string;
}

/** Reads the stacks of a cloud assembly: what `cdk synth` leaves in `cdk.out`. */
export function readTemplate(assembly: string): Template {
  const artifacts = Object.entries(object(readJson(join(assembly, 'manifest.json'))['artifacts']));
  const stacks = artifacts
    .map(([id, artifact]): Json => ({ id, ...object(artifact) }))
    .filter(({ type }) => type === 'aws:cloudformation:stack')
    .map((stack) => readStack(assembly, stack));
  const assets = readAssets(
    assembly,
    artifacts.map(([, artifact]) => object(artifact)),
  );
  return {
    resources: distinct(stacks.flatMap(({ resources }) => resources)),
    output(stackName, name) {
      const value = stacks.find((stack) => stack.name === stackName)?.outputs[name];
      if (value === undefined) throw new Error(`${assembly} holds no output ${name} of a stack ${stackName}`);
      return object(value)['Value'];
    },
    assetFolder(objectKey) {
      const path = assets.get(objectKey);
      if (path === undefined) throw new Error(`${assembly} holds no asset ${objectKey}`);
      return path;
    },
  };
}

interface Stack {
  name: string;
  resources: Resource[];
  outputs: Json;
}

function readStack(assembly: string, { id, ...artifact }: Json): Stack {
  const { templateFile, stackName = id } = object(artifact['properties']);
  const { Resources, Outputs = {} } = readJson(join(assembly, text(templateFile)));
  const resources = Object.entries(object(Resources)).map(([logicalId, resource]) => {
    const { Type, Properties = {} } = object(resource);
    return { id: logicalId, type: text(Type), properties: object(Properties) };
  });
  return { name: text(stackName), resources, outputs: object(Outputs) };
}

/** Here a resource is called by its logical id alone, whatever stack it is in. */
function distinct(resources: Resource[]): Resource[] {
  const ids = new Set<string>();
  for (const { id } of resources) {
    if (ids.has(id)) throw new Error(`two stacks have a resource ${id}, which the local runner cannot tell apart`);
    ids.add(id);
  }
  return resources;
}

function readAssets(assembly: string, artifacts: readonly Json[]): Map<string, string> {
  const manifests = artifacts
    .filter(({ type }) => type === 'cdk:asset-manifest')
    .map(({ properties }) => object(properties)['file']);
  const files = manifests.flatMap((file) =>
    Object.values(object(readJson(join(assembly, text(file)))['files'])).map(object),
  );
  const byKey = files.flatMap(({ source, destinations }) => {
    const path = join(assembly, text(object(source)['path']));
    return Object.values(object(destinations)).map((to): [string, string] => [text(object(to)['objectKey']), path]);
  });
  return new Map(byKey);
}

/** What stands locally for the things a template refers to. Both throw for what has no stand-in. */
export interface StandIns {
  ref(id: string): unknown;
  attribute(id: string, name: string): unknown;
  /** What stands in another stack's output, as written there. */
  output(stackName: string, name: string): unknown;
}

/** Resolves CloudFormation's functions anywhere in a value; throws on one that is not known here. */
export function resolve(value: unknown, standIns: StandIns): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(item, standIns)).filter((item) => item !== undefined);
  if (!isObject(value)) return value;

  const [name = '', ...others] = Object.keys(value);
  const isCall = others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
  if (isCall) return call(name, value[name], standIns);
  const resolved = Object.entries(value).map(([key, member]) => [key, resolve(member, standIns)] as const);
  return Object.fromEntries(resolved.filter(([, member]) => member !== undefined));
}

function call(name: string, argument: unknown, standIns: StandIns): unknown {
  if (name === 'Ref') return ref(text(argument), standIns);
  if (name === 'Fn::GetAtt') return attribute(argument, standIns);
  if (name === 'Fn::Sub') return substitute(argument, standIns);
  if (name === 'Fn::GetStackOutput') return stackOutput(argument, standIns);

  const make = ON_LISTS[name];
  if (!make) throw new Error(`${name} is not known to the local runner`);
  return make(list(resolve(argument, standIns)));
}

const ON_LISTS: Record<string, (argument: unknown[]) => unknown> = {
  'Fn::Join': ([separator, parts]) => list(parts).map(text).join(text(separator)),
  'Fn::Split': ([separator, whole]) => text(whole).split(text(separator)),
  'Fn::Select': ([index, items]) => list(items)[Number(index)],
};

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
const PSEUDO: Json = {
  'AWS::AccountId': ACCOUNT,
  'AWS::NoValue': undefined,
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::StackName': 'local',
  'AWS::URLSuffix': 'amazonaws.com',
};

const ref = (id: string, standIns: StandIns): unknown => (id in PSEUDO ? PSEUDO[id] : standIns.ref(id));

function attribute(argument: unknown, standIns: StandIns): unknown {
  const [id, name] = typeof argument === 'string' ? argument.split(/\.(.*)/) : list(argument);
  return standIns.attribute(text(id), text(name));
}

/** The weak reference to another stack, which CDK writes where the flag `defaultCrossStackReferences` says so. */
function stackOutput(argument: unknown, standIns: StandIns): unknown {
  const { StackName, OutputName } = object(argument);
  return resolve(standIns.output(text(StackName), text(OutputName)), standIns);
}

/** `${Name}`, `${Name.Attribute}`, `${!literal}`, and names that come with the call. */
function substitute(argument: unknown, standIns: StandIns): string {
  const [pattern, given = {}] = typeof argument === 'string' ? [argument] : list(argument);
  const variables = object(resolve(given, standIns));
  return text(pattern).replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (name in variables) return text(variables[name]);
    return text(name in PSEUDO || !name.includes('.') ? ref(name, standIns) : attribute(name, standIns));
  });
}

const readJson = (path: string): Json => object(JSON.parse(readFileSync(path, 'utf8')));
