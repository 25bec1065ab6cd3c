import { setTimeout as pause } from 'node:timers/promises';
import { HEALTHY_TYPES, type Troublemaker } from './cases.ts';
import { clock } from './clock.ts';
import type { Arrival, Endpoints } from './endpoints.ts';
import type { Posted } from './load.ts';
import { HEALTHY, pathOfHealthy, pathOfTrouble } from './subscriptions.ts';

/** Times by `clock`. */
export interface Time {
  from: number;
  to: number;
}

/** At least so long, for what was under way to the troublesome ends in that time, and until nothing is missing that is older than `LATE_MS`. */
const REST_MS = 5_000;
const LATE_MS = 1_000;

/** What was posted, and what arrived of it. */
export class Book {
  readonly #events: readonly Posted[];
  readonly #endpoints: Endpoints;
  /** The first of each event at each healthy path. */
  readonly #first = new Map<string, Arrival>();
  readonly #again: Arrival[] = [];
  /** By path. */
  readonly #troubled = new Map<string, number>();

  constructor(events: readonly Posted[], endpoints: Endpoints) {
    this.#events = events;
    this.#endpoints = endpoints;
  }

  /** Resolves when all that was accepted has arrived and some time has passed, or after so long. */
  async becomesCalm(withinMs: number): Promise<void> {
    const from = clock();
    for (;;) {
      await pause(200);
      await this.#collect();
      const missing = this.#due({ from: 0, to: clock() - LATE_MS }).some(({ arrival }) => arrival === undefined);
      if ((!missing && clock() - from >= REST_MS) || clock() - from > withinMs) return;
    }
  }

  async #collect(): Promise<void> {
    for (const arrival of await this.#endpoints.collect()) {
      const { path, eventId } = arrival;
      const key = `${path} ${eventId}`;
      if (path.startsWith('/trouble')) this.#troubled.set(path, (this.#troubled.get(path) ?? 0) + 1);
      else if (this.#first.has(key)) this.#again.push(arrival);
      else this.#first.set(key, arrival);
    }
  }

  /** The events that were to be posted then. */
  postedIn({ from, to }: Time): Posted[] {
    return this.#events.filter(({ due }) => due >= from && due < to);
  }

  /** Every delivery to a healthy subscriber that is owed from then. */
  #due(time: Time): { event: Posted; arrival: Arrival | undefined }[] {
    const owed = this.postedIn(time).filter(
      ({ stream, status }) => status === 202 && HEALTHY_TYPES.includes(stream.event_type),
    );
    return owed.flatMap((event) =>
      Array.from({ length: HEALTHY }, (_, n) => ({
        event,
        arrival: this.#first.get(`${pathOfHealthy(n)} ${event.eventId}`),
      })),
    );
  }

  /** What has not arrived is Infinity. */
  latencies(time: Time): number[] {
    return this.#due(time).map(({ event, arrival }) => (arrival?.at ?? Infinity) - event.due);
  }

  /** Arrivals of what had arrived before. */
  get duplicates(): number {
    const strangers = this.#again.filter(
      ({ path, eventId, deliveryId }) => this.#first.get(`${path} ${eventId}`)?.deliveryId !== deliveryId,
    );
    if (strangers.length > 0) throw new Error(`${strangers.length} second arrivals have another webhook-id`);
    return this.#again.length;
  }

  requestsTo(maker: Troublemaker): number {
    return this.#troubled.get(pathOfTrouble(maker)) ?? 0;
  }
}
