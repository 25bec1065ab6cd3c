import { LANE_TAG } from '../../infra/lane-queues.ts';
import { list, nameOf, target, type Statement, type Synthesis, type Tag } from '../infra/synthesis.ts';

/* Who may do what, read from the templates: a line for each statement of each policy. */

/** A line of a table, and the lane that it belongs to. */
export interface Line {
  lane: string | undefined;
  cells: readonly string[];
}

const AWS_FILLS_IN: Readonly<Record<string, string>> = {
  'AWS::Partition': '{partition}',
  'AWS::Region': '{region}',
  'AWS::AccountId': '{account}',
};

interface Reference {
  Ref?: string;
  'Fn::GetAtt'?: [id: string, attribute: string];
  'Fn::Join'?: [between: string, parts: unknown[]];
}

/** A value as a person would say it: a resource by its name, an ARN without what is the same in all of them. */
export function plain(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(plain).join(' or ');
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Reference;
  if (Ref !== undefined) return AWS_FILLS_IN[Ref] ?? nameOf(Ref);
  if (attribute) return nameOf(attribute[0]);
  if (join) return join[1].map(plain).join(join[0]).replace('arn:{partition}:', '');
  throw new Error(`no name for ${JSON.stringify(value)}`);
}

const code = (text: string): string => (text === '' ? '' : `\`${text}\``);

const laneIn = (tags: readonly Tag[]): string | undefined => tags.find(({ Key }) => Key === LANE_TAG)?.Value;

/** `LaneGuestDead` of the lane Guest, as it is called in any lane. */
const inAnyLane = (name: string, lane: string | undefined): string =>
  lane !== undefined && name.startsWith(`Lane${lane}`) ? name.replace(`Lane${lane}`, 'Lane-<group> ') : name;

const conditionOf = ({ Condition = {} }: Statement): string =>
  Object.entries(Condition as Record<string, Record<string, unknown>>)
    .flatMap(([operator, keys]) => Object.entries(keys).map(([key, value]) => `${operator} ${key} ${plain(value)}`))
    .join(' and ');

const actionsOf = ({ Action }: Pick<Statement, 'Action'>): string => list(Action).map(code).join(', ');

function principalOf({ Principal = '' }: Statement): string {
  const who = typeof Principal === 'object' && !Array.isArray(Principal) ? Object.values(Principal) : Principal;
  return plain(who) === '*' ? 'anyone' : code(plain(who));
}

/** What the roles may do, by their own policies: who, what, to what, and if. */
export const rightsIn = (stack: Synthesis): Line[] =>
  stack.all('AWS::IAM::Role').flatMap((role) => {
    const lane = laneIn(role.Properties.Tags);
    const named = (value: unknown): string => code(inAnyLane(plain(value), lane));
    return stack
      .all('AWS::IAM::Policy')
      .filter(({ Properties }) => Properties.Roles.some((one) => target(one) === role.id))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .flatMap((statement) => {
        const who = code(inAnyLane(nameOf(role.id).replace(/Role$/, ''), lane));
        const resources = list(statement.Resource).map(named).join(', ');
        return { lane, cells: [who, actionsOf(statement), resources, code(conditionOf(statement))] };
      });
  });

/** What the policy of a resource says: on what, allowed or denied, to whom, what, and if. */
const linesOn = (id: string, statements: readonly Statement[], tags: readonly Tag[] = []): Line[] =>
  statements.map((statement) => ({
    lane: laneIn(tags),
    cells: [
      code(inAnyLane(nameOf(id), laneIn(tags))),
      statement.Effect.toLowerCase(),
      principalOf(statement),
      actionsOf(statement),
      code(conditionOf(statement)),
    ],
  }));

/** What is said of each of `count` things is said once, of `every` one of them. */
function saidOnce(lines: readonly Line[], { every, count }: { every: string; count: number }): Line[] {
  const bySaying = Map.groupBy(lines, ({ cells }) => JSON.stringify(cells.slice(1)));
  const common = [...bySaying.values()].filter((alike) => alike.length === count);
  const once = common.map(([line]) => ({ lane: undefined, cells: [every, ...(line?.cells.slice(1) ?? [])] }));
  return [...once, ...lines.filter((line) => !common.some((alike) => alike.includes(line)))];
}

function grantsOfQueues(stack: Synthesis): Line[] {
  const queues = stack.all('AWS::SQS::Queue');
  const tags = new Map(queues.map(({ id, Properties }) => [id, Properties.Tags]));
  const lines = stack
    .all('AWS::SQS::QueuePolicy')
    .flatMap(({ Properties: { Queues, PolicyDocument } }) =>
      Queues.map(target).flatMap((id) => linesOn(id, PolicyDocument.Statement, tags.get(id))),
    );
  return saidOnce(lines, { every: 'every queue', count: queues.length });
}

function grantsOfRoles(stack: Synthesis): Line[] {
  const roles = stack.all('AWS::IAM::Role');
  const lines = roles.flatMap(({ id, Properties: { AssumeRolePolicyDocument, Tags } }) =>
    linesOn(id, AssumeRolePolicyDocument.Statement, Tags),
  );
  return saidOnce(lines, { every: 'every role', count: roles.length });
}

const callersOfFunctions = (stack: Synthesis): Line[] =>
  stack.all('AWS::Lambda::Permission').map(({ Properties }) => ({
    lane: undefined,
    cells: [
      code(plain(Properties.FunctionName)),
      'allow',
      code(Properties.Principal),
      actionsOf(Properties),
      code(`SourceArn ${plain(Properties.SourceArn)}`),
    ],
  }));

/** What the policies of all resources say. */
export const grantsIn = (stack: Synthesis): Line[] => [
  ...grantsOfQueues(stack),
  ...stack.all('AWS::Events::EventBus').flatMap(({ id, Properties }) => linesOn(id, Properties.Policy.Statement)),
  ...stack.all('AWS::KMS::Key').flatMap(({ id, Properties }) => linesOn(id, Properties.KeyPolicy.Statement)),
  ...stack
    .all('AWS::SNS::TopicPolicy')
    .flatMap(({ Properties: { Topics, PolicyDocument } }) =>
      Topics.map(target).flatMap((id) => linesOn(id, PolicyDocument.Statement)),
    ),
  ...callersOfFunctions(stack),
  ...grantsOfRoles(stack),
];

/** The lines of each lane, as they read in any lane. */
export const byLane = (lines: readonly Line[]): Map<string, Line['cells'][]> =>
  new Map(
    [...Map.groupBy(lines, ({ lane }) => lane)].flatMap(([lane, of]) =>
      lane === undefined ? [] : [[lane, of.map(({ cells }) => cells)]],
    ),
  );

/** The lines with those of one lane for all of them: lanes must be alike. */
export function withOneLane(lines: readonly Line[]): Line['cells'][] {
  const [first] = byLane(lines).keys();
  return lines.filter(({ lane }) => lane === undefined || lane === first).map(({ cells }) => cells);
}
