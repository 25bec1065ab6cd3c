import { randomUUID } from 'node:crypto';
import { compilePattern, matches, type Pattern } from '../../shared/domain/filter.ts';
import { asciiJson } from '../json.ts';
import { ACCOUNT, REGION, arnOf } from './identity.ts';
import { Refused, type Queues } from './queues.ts';
import { AwsError, isObject, type Input, type Operation } from './rpc.ts';

/** A rule of an event bus, as the template says it. */
export interface Rule {
  name: string;
  busName: string;
  /** EventBridge's own pattern language. */
  pattern: unknown;
  targets: readonly Target[];
}

export interface Target {
  queueArn: string;
  /** A fixed text, or a path into the event such as `$.detail.tenant`. */
  messageGroupId?: string;
  /** Takes what the target cannot; without one, the entry that could not be delivered fails. */
  deadLetterArn?: string;
}

export interface Bus {
  /** Replaces all rules. Throws a `PatternError` for a pattern that AWS would refuse. */
  setRules(rules: readonly Rule[]): void;
  operations: Record<string, Operation>;
}

/** EventBridge's PutEvents: says yes to an entry only after every queue it belongs to holds it on disk. */
export function createBus(queues: Pick<Queues, 'send' | 'atomically'>): Bus {
  let rules: { rule: Rule; pattern: Pattern }[] = [];

  const publish = (entry: Input): Input => {
    const event = eventOf(entry);
    // As on AWS, an entry for a bus that does not exist is accepted like one that no rule wants.
    const bus = busNameOf(entry);
    const chosen = rules.filter(({ rule, pattern }) => rule.busName === bus && matches(pattern, event));
    for (const { rule } of chosen) for (const target of rule.targets) deliver(queues, { event, rule, target });
    return { EventId: event.id };
  };

  return {
    setRules(given) {
      rules = given.map((rule) => ({ rule, pattern: compilePattern(rule.pattern) }));
    },
    operations: {
      'AWSEvents.PutEvents': (input) => {
        const results = queues.atomically(() => entriesOf(input).map((entry) => attempt(() => publish(entry))));
        return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
      },
    },
  };
}

const MOST_ENTRIES = 10;
const LONGEST_REQUEST = 1024 * 1024;

/** What is wrong with the request as a whole fails it as a whole. */
function entriesOf({ Entries }: Input): Input[] {
  if (!Array.isArray(Entries) || !Entries.every(isObject) || Entries.length < 1 || Entries.length > MOST_ENTRIES) {
    throw new AwsError('ValidationException', `Entries has to be a list of 1 to ${MOST_ENTRIES} entries.`);
  }
  if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > LONGEST_REQUEST) {
    throw new AwsError('ValidationException', 'Total size of the entries in the request is over the limit.');
  }
  return Entries;
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size */
function sizeOf({ Time, Source, DetailType, Detail, Resources }: Input): number {
  const resources: unknown[] = Array.isArray(Resources) ? Resources : [];
  const texts = [Source, DetailType, Detail, ...resources];
  const bytes = texts.map((value) => (typeof value === 'string' ? Buffer.byteLength(value) : 0));
  return bytes.reduce((sum, length) => sum + length, Time === undefined ? 0 : 14);
}

function attempt(publish: () => Input): Input {
  try {
    return publish();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { ErrorCode: error.code, ErrorMessage: error.message };
  }
}

interface Event {
  version: '0';
  id: string;
  'detail-type': string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: unknown;
  detail: Input;
}

function eventOf(entry: Input): Event {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': required(entry, 'DetailType'),
    source: sourceOf(entry),
    account: ACCOUNT,
    time: timeOf(entry),
    region: REGION,
    resources: entry['Resources'] ?? [],
    detail: parseDetail(required(entry, 'Detail')),
  };
}

function required(entry: Input, member: string): string {
  const value = entry[member];
  if (typeof value === 'string' && value !== '') return value;
  throw new AwsError('InvalidArgument', `Parameter ${member} is not valid. Reason: ${member} is a required argument.`);
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
function sourceOf(entry: Input): string {
  const source = required(entry, 'Source');
  if (!source.startsWith('aws.')) return source;
  throw new AwsError('NotAuthorizedForSourceException', 'Not authorized for the source.');
}

/** EventBridge passes the values of `detail` on, and promises nothing about how they are spelled: `1.0` may become `1`. */
function parseDetail(text: string): Input {
  try {
    const detail: unknown = JSON.parse(text);
    if (isObject(detail)) return detail;
  } catch {
    // refused below, like JSON that is not an object
  }
  throw new AwsError('MalformedDetail', 'Detail is malformed.');
}

/** In whole seconds; `Time` comes in seconds since 1970. */
function timeOf({ Time }: Input): string {
  const at = typeof Time === 'number' ? new Date(Time * 1000) : new Date();
  return at.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** `EventBusName` may be a name or an ARN, which ends in the name. */
const busNameOf = ({ EventBusName = 'default' }: Input): string => String(EventBusName).split('/').at(-1) ?? '';

interface Delivery {
  event: Event;
  rule: Rule;
  target: Target;
}

function deliver(queues: Pick<Queues, 'send'>, { event, rule, target }: Delivery): void {
  const body = asciiJson(event);
  const groupId = groupIdOf(event, target.messageGroupId);
  try {
    queues.send({ queueArn: target.queueArn, body, ...(groupId !== undefined && { groupId }) });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (target.deadLetterArn === undefined) throw undeliverable(error);
    bury(queues, { queueArn: target.deadLetterArn, body, attributes: reasons({ rule, target }, error) });
  }
}

function bury(queues: Pick<Queues, 'send'>, letter: Parameters<Queues['send']>[0]): void {
  try {
    queues.send(letter);
  } catch (error) {
    throw error instanceof Refused ? undeliverable(error) : error;
  }
}

/** AWS would say yes and lose the event; here whoever published it learns of it. */
const undeliverable = ({ message }: Refused): AwsError => new AwsError('InternalFailure', message);

/** What EventBridge writes on a dead letter. */
const reasons = ({ rule, target }: Omit<Delivery, 'event'>, { code, message }: Refused): Record<string, string> => ({
  RULE_ARN: arnOf('events', `rule/${rule.busName}/${rule.name}`),
  TARGET_ARN: target.queueArn,
  ERROR_CODE: code,
  ERROR_MESSAGE: message,
});

function groupIdOf(event: Event, spec: string | undefined): string | undefined {
  if (!spec?.startsWith('$.')) return spec;
  const steps = spec.slice(2).split('.');
  const found = steps.reduce<unknown>((value, step) => (isObject(value) ? value[step] : undefined), event);
  return found === undefined || typeof found === 'string' ? found : JSON.stringify(found);
}
