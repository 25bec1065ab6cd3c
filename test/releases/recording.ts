import { createHash } from 'node:crypto';
import type { Item } from '../../shared/store/database.ts';
import type { Post, Sent } from './service.ts';

export const QUEUES = ['events', 'deliveries', 'retries'] as const;
export type QueueName = (typeof QUEUES)[number];

/** What a caller was answered. */
export interface Answered {
  /** The text of the key that asked. */
  key: string;
  path: string;
  status: number;
  text: string;
}

/** A delivery, and the request that carried it; without one it was never sent. */
export interface Delivery {
  event_id: string;
  subscription_id: string;
  request?: Sent;
}

/** All that one release has written at a moment in its life, and what it made of it. */
export interface Recording {
  version: string;
  /** The moment at which the tables stood so. */
  at: string;
  /** Of the KMS that wrapped the data keys, in base64. */
  master_key: string;
  tables: { control: Item[]; flow: Item[] };
  /** Every body that was in a queue up to then, waiting or done. */
  queues: Record<QueueName, string[]>;
  /** No message here is as long as one may be. */
  most_deliveries_a_message: number;
  posts: Post[];
  answers: Answered[];
  /** An attempt that an invocation claimed and had not settled. */
  held: { event_id: string; subscription_id: string; attempt: number };
  /** Who was published again by the next sweep. */
  overdue: string[];
  /** Every delivery of every event, with what was sent when the release went on until nothing was left to do. */
  deliveries: Delivery[];
}

/** A run of one letter is written as its length: a body of 64 KB is in here several times. */
const shortened = (text: string): string =>
  text.replace(/([a-z])\1{999,}/g, (run, letter: string) => `«${letter}×${run.length}»`);
const restored = (text: string): string =>
  text.replace(/«([a-z])×(\d+)»/g, (_, letter: string, times) => letter.repeat(Number(times)));

/** A set of strings is an attribute of its own kind, and JSON has none. */
const withoutSets = (_name: string, value: unknown): unknown => (value instanceof Set ? { $set: [...value] } : value);
const withSets = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && '$set' in value ? new Set(value.$set as string[]) : value;

const jsonOf = (value: unknown): string => shortened(JSON.stringify(value, withoutSets, 2));
const sealOf = (recording: Recording): string => createHash('sha256').update(jsonOf(recording)).digest('hex');

/** The recording as its file holds it. The seal tells if somebody edits it: what a release wrote does not change any more. */
export const fileOf = (recording: Recording): string => `${jsonOf({ seal: sealOf(recording), ...recording })}\n`;

/** @throws Error where the file is not as it was recorded */
export function recordingIn(file: string): Recording {
  const { seal, ...recording } = JSON.parse(restored(file), withSets) as Recording & { seal: string };
  if (sealOf(recording) !== seal) throw new Error(`the recording of ${recording.version} was edited: it is history`);
  return recording;
}
