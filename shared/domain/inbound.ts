import * as z from 'zod';
import { EventId, TenantId } from './id.ts';
import { asciiJson, JsonTextError, membersOf } from './json-text.ts';
import { problems, type Problem } from './problem.ts';

/** What the inbound rule hands over: EventBridge's envelope around what another service of the account put on the bus. */
export const FromService = z.object({
  /** Made by EventBridge for each entry of a call, so a copy that the bus makes has the same one. */
  id: EventId,
  source: z.string(),
  'detail-type': z.string(),
  detail: z.record(z.string(), z.unknown()),
});
export type FromService = z.infer<typeof FromService>;

/** An event as its publisher would have posted it over HTTP. */
export interface Post {
  tenant: string;
  text: string;
}

const withoutTwins = (detail: string): Map<string, string> => {
  try {
    return membersOf(detail);
  } catch (error) {
    throw error instanceof JsonTextError ? problems.duplicateMember(error.pointer) : error;
  }
};

/**
 * A bus keeps values and promises nothing about how they are spelled, so who needs every token sends `data` as a string. What is in
 * there takes the string's place, and may be nothing but one value: anything else would bring members of its own.
 */
function textIn(quoted: string): string {
  const text = String(JSON.parse(quoted));
  try {
    JSON.parse(text);
  } catch {
    throw problems.invalid([{ pointer: '/data', detail: 'is a string that does not hold JSON' }]);
  }
  // Half a character can be escaped in the string, and in no body: it would be stored as another one.
  if (!text.isWellFormed())
    throw problems.invalid([{ pointer: '/data', detail: 'is a string with half a character in it' }]);
  return text;
}

function tenantIn(members: ReadonlyMap<string, string>): string {
  const { success, data, error } = TenantId.safeParse(JSON.parse(members.get('tenant') ?? 'null'));
  if (success) return data;
  throw problems.invalid([{ pointer: '/tenant', detail: error.issues[0]?.message ?? 'is wrong' }]);
}

/**
 * The post that the envelope stands for: the members of its `detail`, token by token, without the tenant, and with the `detail-type`
 * as their event type.
 *
 * @param envelope the exact text of a `FromService`
 * @throws Problem 422
 */
export function postIn(envelope: string): Post {
  const outside = membersOf(envelope);
  const members = withoutTwins(outside.get('detail') ?? '{}');
  const tenant = tenantIn(members);
  members.delete('tenant');

  const type = outside.get('detail-type') ?? '""';
  const named = members.get('event_type');
  if (named !== undefined && JSON.parse(named) !== JSON.parse(type))
    throw problems.invalid([{ pointer: '/event_type', detail: 'must be the detail-type, or be left out' }]);
  members.set('event_type', type);

  const data = members.get('data');
  if (data?.startsWith('"') === true) members.set('data', textIn(data));
  return { tenant, text: `{${[...members].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}` };
}

/** The longest that SQS hides a message for. */
const MOST_SECONDS = 900;
/** Messages of a tenant over its budget that came back together would only be refused together. */
const SPREAD_SECONDS = 30;

/** When a message comes again whose tenant is over its budget. @param chance from 0 to 1 */
export const comesAgainIn = ({ headers }: Problem, chance: number): number =>
  Math.min(MOST_SECONDS, Number(headers['retry-after'] ?? 1) + Math.floor(chance * SPREAD_SECONDS));

const LONGEST_REASON = 1_000;
const LONGEST_PLACES = 8_000;

/** Queues differ in which characters an attribute may hold, and all take these. */
const plain = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_REASON);

/** What a dead letter says of itself, under the names that EventBridge uses for its own. What was posted may be long, this is not. */
export function reasonsOf({ code, message, faults }: Problem): Record<string, string> {
  const places = asciiJson(faults);
  const fits = faults.length > 0 && places.length <= LONGEST_PLACES;
  return { ERROR_CODE: code, ERROR_MESSAGE: plain(message), ...(fits && { ERROR_PLACES: places }) };
}
