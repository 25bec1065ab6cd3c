import type { Attempt } from '../../shared/domain/attempt.ts';
import type { DeliveryMessage, DeliveryStep } from '../../shared/domain/delivery.ts';
import type { AcceptedEvent, ErasedEvent } from '../../shared/domain/event.ts';
import type { Job } from '../../shared/domain/job.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import type { Subscription } from '../../shared/domain/subscription.ts';
import type { Claim, DeadLetter } from '../../shared/store/attempts.ts';
import type { Health, Trouble, Whom } from '../../shared/store/health.ts';
import type { StepOf } from '../../shared/store/keys.ts';
import type { Lease } from '../../shared/store/leases.ts';
import type { Replay } from '../../shared/store/replays.ts';
import type { Resting } from '../../shared/store/shelf.ts';
import type { Sending } from '../../shared/wire/signed-post.ts';

/** One delivery for a queue, fair by subscription. */
export interface Outgoing {
  body: DeliveryMessage;
  group: string;
  /** Seconds. */
  delay: number;
}

/** A failed request, as it counts for the subscription. */
export interface Failure {
  whom: Whom;
  /** Until when the endpoint is to be left alone, in milliseconds since 1970. */
  slowUntil: number | undefined;
}

/** What deliver touches outside. */
export interface World {
  now(): Date;
  /** 0 to 1. */
  jitter(): number;
  /** What this function is fed by: its lane's queues, or the one for all that is late or slow. */
  place: 'lane' | 'deferred';
  /** The subscription as it stands, `lately` at most ten seconds old; undefined only where there is none. */
  subscription(tenant: string, id: string, as: 'lately' | 'now'): Promise<Subscription | undefined>;
  /** Changes it if nobody did in the meantime. */
  replace(before: Subscription, after: Subscription): Promise<boolean>;
  /** Until when an event of that moment is kept, in milliseconds since 1970. */
  keptUntil(acceptedAt: string): number;
  /** The event with its data, for those whose data stayed behind. */
  find(tenant: string, eventId: string): Promise<AcceptedEvent | ErasedEvent | undefined>;
  claim(step: StepOf, lease: { now: Date; seconds: number }): Promise<Claim>;
  /** Signs and sends. What the subscriber does is the outcome; it throws only for a failure of ours. */
  post(sending: Sending): Promise<Outcome>;
  /** Resolves after so many milliseconds. */
  pause(ms: number): Promise<void>;
  /** Resolves when the message is durable in the queue for retries, or in the one for what is late or slow. */
  enqueue(message: Outgoing): Promise<void>;
  defer(message: Outgoing): Promise<void>;
  /** Puts a delivery on the shelf. */
  rest(resting: Resting): Promise<void>;
  /** Lists a delivery that waits in a queue. */
  expect(resting: Resting): Promise<void>;
  /** It waits no more. */
  over(of: Omit<StepOf, 'attempt'>, due: number): Promise<void>;
  record(step: StepOf, attempt: Attempt): Promise<void>;
  /** So many attempts are about to be recorded, or fewer. */
  expectRecords(count: number): void;
  /** Resolves when all that was counted is kept, or lost. It does not fail. */
  keepCounts(): Promise<void>;
  bury(letter: DeadLetter): Promise<void>;
  /** Takes a dead letter away; false where there is none. */
  acknowledge(event: StepOf['event'], subscriptionId: string): Promise<boolean>;
  /** Tells that deliveries died; those of one subscription at about the same time share a notice. */
  tellDead(letter: DeadLetter): Promise<void>;
  /** What troubles the subscription, a second old at most; undefined where nothing does. */
  troubleOf(tenant: string, subscriptionId: string): Promise<Trouble | undefined>;
  /** Watches one request; what it answers is called when that has ended. Who lets requests hang becomes suspect. */
  watch(whom: Whom): (ended: 'answered' | 'failed') => Promise<void>;
  failed(failure: Failure): Promise<Health>;
  /** One that is in trouble answered; it is told now and then. */
  answered(whom: Whom, outcome: { at: Date; inTime: 'yes' | 'no' }): Promise<void>;
  /** Its probe was answered: told in any case. */
  recovered(whom: Whom, outcome: { at: Date; inTime: 'yes' | 'no' }): Promise<void>;
  opened(whom: Whom, at: Date): Promise<void>;
  /** The right to one of the few requests that a suspect gets at a time; undefined where all are taken. */
  lease(whom: Whom, lease: { now: Date; seconds: number }): Promise<Lease | undefined>;
  giveBack(lease: Lease): Promise<void>;
  /** When the subscription's rate lets the request go, in milliseconds since 1970; undefined: at once. */
  slotFor(subscription: Subscription): Promise<number | undefined>;
  /** Enters the subscription in the list of those that are held. */
  listHeld(whom: Whom): Promise<void>;
  /** How far a catch-up has come, by accepted_at; undefined where nobody knows. */
  caughtUpTo(whom: Whom, replayId: string): Promise<string | undefined>;
  newReplayId(): string;
  begin(replay: Replay): Promise<void>;
  count(whom: Whom, replayId: string, what: 'delivered' | 'dead'): Promise<void>;
  /** Asks the sweep for something, in so many seconds. */
  ask(job: Job, delay: number): Promise<void>;
  note(what: string, line: Record<string, string | number | boolean | undefined>): void;
  /** A failure of ours: the message comes again. */
  noteFailure(what: string, error: unknown, line: Record<string, string | number>): void;
}

/** One delivery of a message, with what its next attempt needs. */
export interface Work {
  event: DeliveryMessage['event'];
  step: DeliveryStep;
  /** The exact text of the event's data, read once a message; undefined where it is no more. */
  body: () => Promise<string | undefined>;
  signal: AbortSignal;
}
