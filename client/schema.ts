/* Made of the API's own description: `npm run client` writes it, and a test compares. */

export interface paths {
  '/asyncapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Describe what subscribers receive as AsyncAPI 3.0
     * @description Describe what subscribers receive as AsyncAPI 3.0. Needs no key.
     */
    get: operations['getAsyncApi'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/healthz': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Tell that the API answers
     * @description Tell that the API answers. Needs no key.
     */
    get: operations['getHealth'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/openapi.json': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Describe this API as OpenAPI 3.1
     * @description Describe this API as OpenAPI 3.1. Needs no key.
     */
    get: operations['getOpenApi'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/dead-letters': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the deliveries of all tenants that were given up, newest events first
     * @description List the deliveries of all tenants that were given up, newest events first. Needs a key with the scope `admin`.
     */
    get: operations['listAllDeadLetters'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/event-groups': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the event groups
     * @description List the event groups. Needs no key.
     */
    get: operations['listEventGroups'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/event-types': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List all event types
     * @description List all event types. Needs no key.
     */
    get: operations['listEventTypes'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/event-types/{type}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show an event type with its schema and a sample
     * @description Show an event type with its schema and a sample. Needs no key.
     */
    get: operations['getEventType'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/filter-test': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Try a filter on an event
     * @description Before a subscription has it. The event is any JSON object; a subscription is matched against its envelope. Needs a key with the scope `subscriptions:read`.
     */
    post: operations['testFilter'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/keys': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List access keys, newest first
     * @description List access keys, newest first. Needs a key with the scope `admin`.
     */
    get: operations['listKeys'];
    put?: never;
    /**
     * Make an access key
     * @description The key is in this answer alone. Needs a key with the scope `admin`.
     */
    post: operations['createKey'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/keys/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show an access key
     * @description Show an access key. Needs a key with the scope `admin`.
     */
    get: operations['getKey'];
    put?: never;
    post?: never;
    /**
     * Delete an access key
     * @description It holds at once for whatever is written, and within 30 s for what is read. Needs a key with the scope `admin`.
     */
    delete: operations['deleteKey'];
    options?: never;
    head?: never;
    /**
     * Change an access key
     * @description Change an access key. Needs a key with the scope `admin`.
     */
    patch: operations['updateKey'];
    trace?: never;
  };
  '/v1/me': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show the key that asks
     * @description Show the key that asks. Needs any live key.
     */
    get: operations['getMe'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/subscriptions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the subscriptions of all tenants
     * @description By tenant. Which are in trouble: `circuit=open`; which are held by their owner or by us: `status=paused`, `status=disabled`. Needs a key with the scope `admin`.
     */
    get: operations['listAllSubscriptions'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the tenants, by name
     * @description There is one as soon as it has a key, a subscription or an event. Needs a key with the scope `admin`.
     */
    get: operations['listTenants'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show a tenant, and how far its erasure is
     * @description Show a tenant, and how far its erasure is. Needs a key with the scope `admin`.
     */
    get: operations['getTenant'];
    put?: never;
    post?: never;
    /**
     * Erase a tenant with everything that is its
     * @description Its keys are deleted first. It takes a quarter of an hour at least; meanwhile nothing is accepted for it, and afterwards there is no such tenant. Needs a key with the scope `admin`.
     */
    delete: operations['eraseTenant'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/deliveries/{delivery}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show a delivery with all its attempts
     * @description Show a delivery with all its attempts. Needs a key with the scope `events:read`.
     */
    get: operations['getDelivery'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/events': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List events, newest first, without their data
     * @description An event is in it some milliseconds after its 202, when it is known who wants it. Needs a key with the scope `events:read`.
     */
    get: operations['listEvents'];
    put?: never;
    /**
     * Post an event
     * @description After the 202 it reaches every subscription that wants it, or a dead letter says why not. `Idempotency-Key` stands in for a missing `event_id`. 256 KiB at most. Needs a key with the scope `events:write`.
     */
    post: operations['postEvent'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/events/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show an event with its data
     * @description It is readable at once after its 202. `data` has the tokens that were posted. Needs a key with the scope `events:read`.
     */
    get: operations['getEvent'];
    put?: never;
    post?: never;
    /**
     * Erase an event
     * @description Its data and the excerpts of answers are gone, and what waits is cancelled. That there was one stays, so that the same id posted again is still a duplicate. A request that is under way is not called back. Needs a key with the scope `events:write`.
     */
    delete: operations['eraseEvent'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/events/{id}/deliveries': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the deliveries of an event
     * @description List the deliveries of an event. Needs a key with the scope `events:read`.
     */
    get: operations['listDeliveries'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/events/{id}/replay': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Send one event once more
     * @description To the subscription that is named, or to all that it matched and that are not disabled (100 at most). Needs a key with the scope `subscriptions:write`.
     */
    post: operations['replayEvent'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/events/batch': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Post 1 to 100 events
     * @description Each is judged alone, and has its own answer in its place. 1 MiB at most in all. Needs a key with the scope `events:write`.
     */
    post: operations['postEvents'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/portal-session': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Let somebody of a tenant in for a while
     * @description The token is a key of that tenant alone. It makes no keys, and cannot be taken back before its time is over; the routes that take events do not know it (401). In the URL it stands behind the `#`, so that no server writes it into a log. Needs a key with the scope `admin`.
     */
    post: operations['createPortalSession'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List subscriptions, newest first
     * @description List subscriptions, newest first. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['listSubscriptions'];
    put?: never;
    /**
     * Subscribe a URL to event types
     * @description The answer alone carries the secret that the requests are signed with. Needs a key with the scope `subscriptions:write`.
     */
    post: operations['createSubscription'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show a subscription
     * @description Show a subscription. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['getSubscription'];
    put?: never;
    post?: never;
    /**
     * Delete a subscription and cancel what waits for it
     * @description Delete a subscription and cancel what waits for it. Needs a key with the scope `subscriptions:write`.
     */
    delete: operations['deleteSubscription'];
    options?: never;
    head?: never;
    /**
     * Change, pause or disable a subscription
     * @description Each named member is replaced whole, null puts it back to its default; `headers` alone merge by name, and null removes one. It takes effect within 10 s for deliveries on their way, at once for new events. Needs a key with the scope `subscriptions:write`.
     */
    patch: operations['updateSubscription'];
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/attempts': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the attempts at a subscription, newest events first
     * @description It may lag by some seconds. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['listAttempts'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/dead-letters': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the deliveries that were given up, newest events first
     * @description List the deliveries that were given up, newest events first. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['listDeadLetters'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/dead-letters/{delivery}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Take a dead letter off the list
     * @description Take a dead letter off the list. Needs a key with the scope `subscriptions:write`.
     */
    delete: operations['acknowledgeDeadLetter'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/dead-letters/{delivery}/replay': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Send once more what was given up
     * @description The letter stays until the delivery is made. `webhook-id` stays that of the first time. Needs a key with the scope `subscriptions:write`.
     */
    post: operations['replayDeadLetter'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/public-key': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show the public key that v1a signatures are verified with
     * @description Show the public key that v1a signatures are verified with. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['getPublicKey'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/release': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Send all that waits now
     * @description Timed retries, what a rate holds back, and a probe of an open circuit. Needs a key with the scope `subscriptions:write`.
     */
    post: operations['releaseSubscription'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/replay': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Send a stretch of time once more
     * @description Oldest first, on its own ramp; new events do not wait behind it. One at a time for each subscription. Needs a key with the scope `subscriptions:write`.
     */
    post: operations['startReplay'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/replays': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the replays and catch-ups of a subscription, newest first
     * @description List the replays and catch-ups of a subscription, newest first. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['listReplays'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/replays/{replay}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Show how far a replay is
     * @description Show how far a replay is. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['getReplay'];
    put?: never;
    post?: never;
    /**
     * Cancel a replay
     * @description What is sent already is delivered; the replay stays in the list as cancelled, or as it ended. Needs a key with the scope `subscriptions:write`.
     */
    delete: operations['cancelReplay'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/secret': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Reveal the secret
     * @description Reveal the secret. Needs a key with the scope `subscriptions:write`.
     */
    get: operations['getSecret'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/secret/rotate': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Give it another secret
     * @description The one before signs as well for the overlap, and both signatures are sent. Two are active at most. Needs a key with the scope `subscriptions:write`.
     */
    post: operations['rotateSecret'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/stats': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Count what was sent to a subscription, hour by hour or day by day
     * @description Some two minutes behind. `from` and `to` are widened to whole steps; without them it is the last 24 hours. 31 days at most by hour, 400 by day, and no further back than the retention. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['getStats'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/test': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Send a sample now and show the whole attempt
     * @description Whatever the status; it waits for 10 s at most. It is no delivery: nothing is kept of it, and it counts for nothing. Ten a minute. Needs a key with the scope `subscriptions:write`.
     */
    post: operations['testSubscription'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/waiting': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * List the deliveries that wait, soonest first
     * @description List the deliveries that wait, soonest first. Needs a key with the scope `subscriptions:read`.
     */
    get: operations['listWaiting'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/waiting/{delivery}': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    post?: never;
    /**
     * Cancel a delivery that waits
     * @description Cancel a delivery that waits. Needs a key with the scope `subscriptions:write`.
     */
    delete: operations['cancelWaiting'];
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/subscriptions/{id}/waiting/{delivery}/release': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    get?: never;
    put?: never;
    /**
     * Send a delivery that waits now
     * @description Send a delivery that waits now. Needs a key with the scope `subscriptions:write`.
     */
    post: operations['releaseWaiting'];
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/v1/tenants/{tenant}/usage': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    /**
     * Count what a tenant used, day by day
     * @description Some two minutes behind; days are UTC. The last 30 days, or 400 at most. Needs a key with the scope `admin`.
     */
    get: operations['getUsage'];
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    /** @description https://www.asyncapi.com/docs/reference/specification/v3.0.0 */
    AsyncApiDocument: {
      [key: string]: unknown;
    };
    Attempt: {
      /** Format: date-time */
      at: string;
      attempt: number;
      /** @description What the request calls `webhook-id`. */
      delivery_id: string;
      duration_ms: number;
      event_id: string;
      event_type: string;
      /**
       * @description What follows.
       * @enum {string}
       */
      next: 'done' | 'wait' | 'dead';
      /**
       * Format: date-time
       * @description When the next attempt may be made, at the earliest.
       */
      next_at?: string;
      /**
       * @description accepted: 2xx; rejected: any other answer; unreachable: none; blocked: the URL may not be sent to.
       * @enum {string}
       */
      outcome: 'accepted' | 'rejected' | 'unreachable' | 'blocked';
      /**
       * @description It probed an open circuit.
       * @constant
       */
      probe?: true;
      /**
       * @description Why no answer came.
       * @enum {string}
       */
      reason?:
        | 'dns_failed'
        | 'connection_refused'
        | 'network_unreachable'
        | 'connection_failed'
        | 'connection_reset'
        | 'closed_early'
        | 'timeout_connect'
        | 'timeout_headers'
        | 'tls_failed'
        | 'tls_certificate_expired'
        | 'tls_hostname_mismatch'
        | 'tls_untrusted'
        | 'malformed_response'
        | 'headers_too_large'
        | 'upgrade_refused'
        | 'address_not_allowed';
      /** @description The beginning of the body of the answer. */
      response_excerpt?: string;
      /** @description Of the answer, where one came. */
      status?: number;
      subscription_id: string;
      /**
       * @description It was a test, and no delivery.
       * @constant
       */
      test?: true;
    };
    AttemptPage: {
      items: components['schemas']['Attempt'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    BatchReceipt: {
      /** @description Accepted now. */
      accepted: number;
      /** @description Accepted before. */
      duplicates: number;
      /** @description Refused, each with its problem. */
      refused: number;
      results: (
        | components['schemas']['Receipt']
        | {
            problem: components['schemas']['Problem'];
          }
      )[];
    };
    DeadLetter: {
      /** Format: date-time */
      accepted_at: string;
      delivery_id: string;
      /** Format: date-time */
      died_at: string;
      event_id: string;
      event_type: string;
      /**
       * @description delivery: the subscriber did not take it; fault: our own code failed at it.
       * @enum {string}
       */
      kind: 'delivery' | 'fault';
      /** @description What came of the last request. */
      last?: {
        /** Format: date-time */
        at: string;
        attempt: number;
        outcome: string;
        reason?: string;
        status?: number;
      };
      /** @enum {string} */
      reason: 'exhausted' | 'expired' | 'gone' | 'subscription_disabled' | 'retention' | 'fault';
      subscription_id: string;
    };
    DeadLetterOfTenant: {
      /** Format: date-time */
      accepted_at: string;
      delivery_id: string;
      /** Format: date-time */
      died_at: string;
      event_id: string;
      event_type: string;
      /**
       * @description delivery: the subscriber did not take it; fault: our own code failed at it.
       * @enum {string}
       */
      kind: 'delivery' | 'fault';
      /** @description What came of the last request. */
      last?: {
        /** Format: date-time */
        at: string;
        attempt: number;
        outcome: string;
        reason?: string;
        status?: number;
      };
      /** @enum {string} */
      reason: 'exhausted' | 'expired' | 'gone' | 'subscription_disabled' | 'retention' | 'fault';
      subscription_id: string;
      tenant: string;
    };
    DeadLetterOfTenantPage: {
      items: components['schemas']['DeadLetterOfTenant'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    DeadLetterPage: {
      items: components['schemas']['DeadLetter'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    Delivery: {
      /** @description How many requests were made. */
      attempts: number;
      delivery_id: string;
      /**
       * Format: date-time
       * @description When the next request may be made, at the earliest.
       */
      due_at?: string;
      event_id: string;
      event_type: string;
      first_at: string | null;
      last?: components['schemas']['Attempt'];
      last_at: string | null;
      /**
       * @description Why it was given up.
       * @enum {string}
       */
      reason?: 'exhausted' | 'expired' | 'gone' | 'subscription_disabled' | 'retention' | 'fault';
      /**
       * @description pending: on its way; waiting: see waiting_for; missed: accepted while the subscription was disabled.
       * @enum {string}
       */
      state: 'pending' | 'waiting' | 'delivered' | 'dead' | 'missed' | 'cancelled';
      subscription_id: string;
      /** @enum {string} */
      waiting_for?: 'schedule' | 'retry_after' | 'circuit' | 'paused' | 'rate_limit';
    };
    DeliveryPage: {
      items: components['schemas']['Delivery'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    DeliveryWithAttempts: {
      /** @description How many requests were made. */
      attempts: number;
      /** @description All of them, oldest first. */
      attempts_list: components['schemas']['Attempt'][];
      delivery_id: string;
      /**
       * Format: date-time
       * @description When the next request may be made, at the earliest.
       */
      due_at?: string;
      event_id: string;
      event_type: string;
      first_at: string | null;
      last?: components['schemas']['Attempt'];
      last_at: string | null;
      /**
       * @description Why it was given up.
       * @enum {string}
       */
      reason?: 'exhausted' | 'expired' | 'gone' | 'subscription_disabled' | 'retention' | 'fault';
      /**
       * @description pending: on its way; waiting: see waiting_for; missed: accepted while the subscription was disabled.
       * @enum {string}
       */
      state: 'pending' | 'waiting' | 'delivered' | 'dead' | 'missed' | 'cancelled';
      subscription_id: string;
      /** @enum {string} */
      waiting_for?: 'schedule' | 'retry_after' | 'circuit' | 'paused' | 'rate_limit';
    };
    Erasure: {
      /** @description How many are gone. */
      events: number;
      /** Format: date-time */
      started_at: string;
      /** @constant */
      state: 'running';
      /** @description How many are gone. */
      subscriptions: number;
    };
    Event: {
      /** Format: date-time */
      accepted_at: string;
      /** @description Null where it was erased. */
      data: Record<string, never> | null;
      /** Format: date-time */
      erased_at?: string;
      event_id: string;
      event_resource: string | null;
      event_schema: string;
      event_timestamp: string;
      event_type: string;
      matched: number | null;
      /**
       * @description Whether it is known yet who wants it.
       * @enum {string}
       */
      matching: 'pending' | 'done';
    };
    EventBatch: {
      events: unknown[];
    };
    EventGroupList: {
      items: {
        description: string;
        event_types: string[];
        group: string;
      }[];
      next_cursor: null;
    };
    EventPage: {
      items: components['schemas']['ListedEvent'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    EventReplay: {
      subscription_id?: string;
    };
    EventType: {
      description: string;
      event_type: string;
      group: string;
      /**
       * @description proposed: the name is ours, or only receivers know it.
       * @enum {string}
       */
      name_source: 'published' | 'proposed';
      /** @description A complete `data`. */
      sample: unknown;
      /**
       * @description completed: we filled in some or all of it.
       * @enum {string}
       */
      sample_source: 'published' | 'completed';
      /** @description JSON Schema 2020-12 of `data`. */
      schema: {
        [key: string]: unknown;
      };
    };
    EventTypeList: {
      items: components['schemas']['EventType'][];
      next_cursor: null;
    };
    /** @description A type of the catalogue. */
    EventTypeName: string;
    /** @description An exact type, `X.*` for all that start with `X.`, `group:G` for a group, or `*` for all but operational ones. */
    EventTypeWish: string;
    /** @description An event pattern as Amazon EventBridge has them, over the envelope; at most 8 KiB, 100 deep, 64 combinations and 100 wildcards or other operators that cost as much. */
    Filter: {
      /** @description One of these at least. */
      $or?: components['schemas']['Filter'][];
    } & {
      [key: string]:
        | components['schemas']['Filter']
        | (
            | string
            | number
            | boolean
            | null
            | {
                prefix:
                  | string
                  | {
                      'equals-ignore-case': string;
                    };
              }
            | {
                suffix:
                  | string
                  | {
                      'equals-ignore-case': string;
                    };
              }
            | {
                'equals-ignore-case': string;
              }
            | {
                wildcard: string;
              }
            | {
                exactly: string;
              }
            | {
                exists: boolean;
              }
            | {
                cidr: string;
              }
            | {
                /** @description A comparison as ["<", 5]; a range as [">=", 0, "<", 10] is taken as well. */
                numeric: ['=' | '<' | '<=' | '>' | '>=', number];
              }
            | {
                'anything-but':
                  | (string | string[])
                  | (number | number[])
                  | {
                      prefix: string | string[];
                    }
                  | {
                      suffix: string | string[];
                    }
                  | {
                      'equals-ignore-case': string | string[];
                    }
                  | {
                      wildcard: string | string[];
                    };
              }
          )[];
    };
    FilterTest: {
      event: Record<string, never>;
      filter: components['schemas']['Filter'];
    };
    FilterVerdict: {
      matches: boolean;
    };
    GatewayMessage: {
      /** @description From the gateway itself. */
      message: string;
    };
    Health: {
      /** @constant */
      status: 'ok';
    };
    Key: {
      /** Format: date-time */
      created_at: string;
      expires_at: string | null;
      id: string;
      /** @description To the minute; null where it never was. */
      last_used_at: string | null;
      name: string;
      scopes: ('events:write' | 'events:read' | 'subscriptions:read' | 'subscriptions:write' | 'admin')[];
      /** @description The one tenant that it sees; null for all. */
      tenant: string | null;
    };
    KeyPage: {
      items: components['schemas']['Key'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    KeyPatch: {
      expires_at?: string | null;
      name?: string;
      scopes?: ('events:write' | 'events:read' | 'subscriptions:read' | 'subscriptions:write' | 'admin')[];
    };
    KeyWithText: {
      /** Format: date-time */
      created_at: string;
      expires_at: string | null;
      id: string;
      /** @description What to send; it is not shown again. */
      key: string;
      /** @description To the minute; null where it never was. */
      last_used_at: string | null;
      name: string;
      scopes: ('events:write' | 'events:read' | 'subscriptions:read' | 'subscriptions:write' | 'admin')[];
      /** @description The one tenant that it sees; null for all. */
      tenant: string | null;
    };
    ListedEvent: {
      /** Format: date-time */
      accepted_at: string;
      event_id: string;
      event_type: string;
      matched: number | null;
      /**
       * @description Whether it is known yet who wants it.
       * @enum {string}
       */
      matching: 'pending' | 'done';
    };
    ListedTenant: {
      erasure: components['schemas']['Erasure'] | null;
      /**
       * Format: date-time
       * @description When it was seen first.
       */
      since: string;
      tenant: string;
    };
    NewKey: {
      expires_at?: string | null;
      name: string;
      scopes: ('events:write' | 'events:read' | 'subscriptions:read' | 'subscriptions:write' | 'admin')[];
      tenant?: string | null;
    };
    NewPortalSession: {
      /** @description All of these by default. */
      scopes?: ('events:read' | 'subscriptions:read' | 'subscriptions:write')[];
      /** @default 900 */
      ttl_seconds?: number;
    };
    NewReplay: {
      /**
       * Format: date-time
       * @description Events accepted from then on,
       */
      from: string;
      /**
       * @description dead by default: what was given up.
       * @enum {string}
       */
      only?: 'dead' | 'missed' | 'all';
      /**
       * Format: date-time
       * @description and before then; now at the latest.
       */
      to?: string;
    };
    NewSubscription: {
      description?: string;
      event_types: components['schemas']['EventTypeWish'][];
      filter?: components['schemas']['Filter'] | null;
      /**
       * @description The shape of the body.
       * @enum {string}
       */
      format?: 'envelope' | 'standard' | 'cloudevents' | 'cloudevents-binary';
      /** @description Sent with every request, and never shown again; 4096 bytes in all. Ours and hop-by-hop ones are refused. */
      headers?: {
        [key: string]: string;
      };
      /** @enum {string} */
      method?: 'POST' | 'PUT' | 'PATCH';
      /** @description For people. By default the host of the URL. */
      name?: string;
      /** @description Null for the deployment's ceiling. */
      rate_limit_per_second?: number | null;
      retry?: components['schemas']['RetryPolicy'];
      /** @description One of your own. By default one is made. */
      secret?: string;
      /**
       * @description v1: HMAC-SHA256; v1a: Ed25519.
       * @enum {string}
       */
      signing?: 'v1' | 'v1a';
      /**
       * @description paused: events are held and caught up later; disabled: they are missed, and can be replayed.
       * @enum {string}
       */
      status?: 'enabled' | 'paused' | 'disabled';
      timeout_seconds?: number;
      url: components['schemas']['SubscriberUrl'];
    } & (unknown & unknown);
    Nothing: Record<string, never>;
    /** @description https://spec.openapis.org/oas/v3.1.1 */
    OpenApiDocument: {
      [key: string]: unknown;
    };
    PortalSession: {
      /** Format: date-time */
      expires_at: string;
      token: string;
      url: string;
    };
    PostedEvent: {
      /** @description What happened, as the type's schema has it. It arrives token for token. */
      data: {
        [key: string]: unknown;
      };
      /** @description By which a repeated post is told from another event. One is made where it is missing. */
      event_id?: string;
      event_resource?: string | null;
      event_schema?: string;
      /**
       * Format: date-time
       * @description When it happened. By default when it was accepted.
       */
      event_timestamp?: string;
      /** @description A type of the catalogue. */
      event_type: string;
      /** @description The provider's id of its own call. It means nothing here. */
      id?: string;
    };
    Problem: {
      /** @description Stable, for programs. */
      code: string;
      /** @description What to do, for people. */
      detail: string;
      errors?: (
        | {
            detail: string;
            /** @description JSON Pointer into the body. */
            pointer: string;
          }
        | {
            detail: string;
            /** @description Of the path, the query or the headers. */
            parameter: string;
          }
      )[];
      request_id: string;
      status: number;
      title: string;
      /** @description A URN that names the kind of problem. */
      type: string;
    };
    PublicKey: {
      /** @description whpk_ and base64. */
      public_key: string;
    };
    Receipt: {
      /** Format: date-time */
      accepted_at: string;
      /** @description It was posted before: nothing further is delivered. */
      duplicate: boolean;
      event_id: string;
      event_type: string;
    };
    Released: {
      /** @description How many of its runs waited. */
      released: number;
    };
    Replay: {
      /** @description Of these, how many were given up. */
      dead: number;
      /** @description Of these, how many were made. */
      delivered: number;
      /** Format: date-time */
      finished_at?: string;
      /** Format: date-time */
      from: string;
      /**
       * @description catch_up: nobody asked for it; it delivers what was held.
       * @enum {string}
       */
      kind: 'replay' | 'catch_up';
      /** @description Events that it found. */
      matched: number;
      /** @enum {string} */
      only: 'dead' | 'missed' | 'all';
      replay_id: string;
      /** @description Deliveries that it asked for. */
      sent: number;
      /** Format: date-time */
      started_at: string;
      /** @enum {string} */
      state: 'running' | 'done' | 'cancelled' | 'failed';
      subscription_id: string;
      /** Format: date-time */
      to: string;
    };
    ReplayedDelivery: {
      delivery_id: string;
      event_id: string;
      subscription_id: string;
    };
    ReplayedEvent: {
      deliveries: {
        delivery_id: string;
        subscription_id: string;
      }[];
      event_id: string;
    };
    ReplayPage: {
      items: components['schemas']['Replay'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    /** @description When a delivery that failed is tried again: a preset, or waits of your own. */
    RetryPolicy:
      | ('standard' | 'svix' | 'zenoti')
      | {
          /** @description Seconds to wait before attempt 2, 3, 4 … */
          delays_seconds: (number | 0 | unknown)[];
        };
    RevealedSecret: {
      secret: string;
    };
    RotatedSecret: {
      previous_expires_at: string | null;
      secret: string;
    };
    SecretRotation: {
      /** @default 86400 */
      overlap_seconds?: number;
      /** @description One of your own, of the kind that the signature needs. By default one is made. */
      secret?: string;
    };
    Stats: {
      /** Format: date-time */
      from: string;
      items: {
        /** @description Of these, answered 2xx. */
        accepted: number;
        /** Format: date-time */
        at: string;
        /** @description Requests, and those that were not made because the URL may not be sent to. */
        attempts: number;
        /** @description Of these, not made. */
        blocked: number;
        /** @description Deliveries that were given up. */
        dead: number;
        /** @description Deliveries that were made. */
        delivered: number;
        /** @description Of the requests, each percentile within a fifth; null without one. */
        duration_ms: {
          mean: number;
          p50: number;
          p95: number;
          p99: number;
        } | null;
        /** @description Of these, answered otherwise. */
        rejected: number;
        /** @description Of these, without an answer. */
        unreachable: number;
      }[];
      /** @enum {string} */
      step: 'hour' | 'day';
      /** Format: date-time */
      to: string;
      totals: {
        /** @description Of these, answered 2xx. */
        accepted: number;
        /** @description Requests, and those that were not made because the URL may not be sent to. */
        attempts: number;
        /** @description Of these, not made. */
        blocked: number;
        /** @description Deliveries that were given up. */
        dead: number;
        /** @description Deliveries that were made. */
        delivered: number;
        /** @description Of the requests, each percentile within a fifth; null without one. */
        duration_ms: {
          mean: number;
          p50: number;
          p95: number;
          p99: number;
        } | null;
        /** @description Of these, answered otherwise. */
        rejected: number;
        /** @description Of these, without an answer. */
        unreachable: number;
      };
    };
    /**
     * Format: uri
     * @description Where requests go. It leads to a public address; IP literals are taken as well, if they are public.
     */
    SubscriberUrl: string;
    Subscription: {
      circuit: {
        /** Format: date-time */
        since: string;
        /**
         * @description open: held, with one probe an interval; probing: one is out.
         * @enum {string}
         */
        state: 'closed' | 'open' | 'probing';
      };
      /** Format: date-time */
      created_at: string;
      description: string;
      /** @description Why it was disabled by us: failing, or gone after a 410. */
      disabled_reason: string | null;
      event_types: string[];
      filter: components['schemas']['Filter'] | null;
      /** @enum {string} */
      format: 'envelope' | 'standard' | 'cloudevents' | 'cloudevents-binary';
      /** @description Of the headers that are sent with every request; their values are not shown. */
      header_names: string[];
      id: string;
      /** @enum {string} */
      method: 'POST' | 'PUT' | 'PATCH';
      name: string;
      rate_limit_per_second: number | null;
      retry: components['schemas']['RetryPolicy'];
      /** @enum {string} */
      signing: 'v1' | 'v1a';
      /** @enum {string} */
      status: 'enabled' | 'paused' | 'disabled';
      timeout_seconds: number;
      /** Format: date-time */
      updated_at: string;
      url: string;
    };
    SubscriptionOfTenant: {
      circuit: {
        /** Format: date-time */
        since: string;
        /**
         * @description open: held, with one probe an interval; probing: one is out.
         * @enum {string}
         */
        state: 'closed' | 'open' | 'probing';
      };
      /** Format: date-time */
      created_at: string;
      description: string;
      /** @description Why it was disabled by us: failing, or gone after a 410. */
      disabled_reason: string | null;
      event_types: string[];
      filter: components['schemas']['Filter'] | null;
      /** @enum {string} */
      format: 'envelope' | 'standard' | 'cloudevents' | 'cloudevents-binary';
      /** @description Of the headers that are sent with every request; their values are not shown. */
      header_names: string[];
      id: string;
      /** @enum {string} */
      method: 'POST' | 'PUT' | 'PATCH';
      name: string;
      rate_limit_per_second: number | null;
      retry: components['schemas']['RetryPolicy'];
      /** @enum {string} */
      signing: 'v1' | 'v1a';
      /** @enum {string} */
      status: 'enabled' | 'paused' | 'disabled';
      tenant: string;
      timeout_seconds: number;
      /** Format: date-time */
      updated_at: string;
      url: string;
    };
    SubscriptionOfTenantPage: {
      items: components['schemas']['SubscriptionOfTenant'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    SubscriptionPage: {
      items: components['schemas']['Subscription'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    SubscriptionPatch: {
      description?: string | null;
      event_types?: components['schemas']['EventTypeWish'][];
      filter?: (components['schemas']['Filter'] | null) | null;
      format?: ('envelope' | 'standard' | 'cloudevents' | 'cloudevents-binary') | null;
      headers?: {
        [key: string]: string | null;
      } | null;
      method?: ('POST' | 'PUT' | 'PATCH') | null;
      name?: string | null;
      rate_limit_per_second?: (number | null) | null;
      retry?: components['schemas']['RetryPolicy'] | null;
      signing?: ('v1' | 'v1a') | null;
      status?: ('enabled' | 'paused' | 'disabled') | null;
      timeout_seconds?: number | null;
      url?: components['schemas']['SubscriberUrl'];
    };
    SubscriptionWithSecret: {
      circuit: {
        /** Format: date-time */
        since: string;
        /**
         * @description open: held, with one probe an interval; probing: one is out.
         * @enum {string}
         */
        state: 'closed' | 'open' | 'probing';
      };
      /** Format: date-time */
      created_at: string;
      description: string;
      /** @description Why it was disabled by us: failing, or gone after a 410. */
      disabled_reason: string | null;
      event_types: string[];
      filter: components['schemas']['Filter'] | null;
      /** @enum {string} */
      format: 'envelope' | 'standard' | 'cloudevents' | 'cloudevents-binary';
      /** @description Of the headers that are sent with every request; their values are not shown. */
      header_names: string[];
      id: string;
      /** @enum {string} */
      method: 'POST' | 'PUT' | 'PATCH';
      name: string;
      rate_limit_per_second: number | null;
      retry: components['schemas']['RetryPolicy'];
      /** @description What its requests are signed with: shown here, and by GET …/secret. */
      secret: string;
      /** @enum {string} */
      signing: 'v1' | 'v1a';
      /** @enum {string} */
      status: 'enabled' | 'paused' | 'disabled';
      timeout_seconds: number;
      /** Format: date-time */
      updated_at: string;
      url: string;
    };
    Tenant: {
      erasure: components['schemas']['Erasure'] | null;
      /** @description How many are bound to it. */
      keys: number;
      /**
       * Format: date-time
       * @description When it was seen first.
       */
      since: string;
      /** @description How many it has. */
      subscriptions: number;
      tenant: string;
    };
    TenantPage: {
      items: components['schemas']['ListedTenant'][];
      /** @description Asks for the next page as `?cursor=`; null on the last one. */
      next_cursor: string | null;
    };
    TestWish: {
      /** @description By default the first that it takes. */
      event_type?: components['schemas']['EventTypeName'];
    };
    Usage: {
      /** Format: date-time */
      from: string;
      items: {
        /** @description Requests to subscribers. */
        attempts: number;
        /** Format: date */
        day: string;
        /** @description Subscriptions that wanted them, added up. */
        deliveries: number;
        /** @description Events that were accepted. */
        events: number;
      }[];
      tenant: string;
      /** Format: date-time */
      to: string;
      totals: {
        /** @description Requests to subscribers. */
        attempts: number;
        /** @description Subscriptions that wanted them, added up. */
        deliveries: number;
        /** @description Events that were accepted. */
        events: number;
      };
    };
  };
  responses: never;
  parameters: {
    /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
    cursor: string;
    /** @description The same key makes the same thing once, for 24 h; with another body it is a 409. */
    'idempotency-key': string;
    /** @description The `ETag` of what is to be changed. A 412 where it was changed meanwhile. */
    'if-match': string;
    /** @description How many at most. */
    limit: number;
  };
  requestBodies: never;
  headers: {
    /** @description `no-store`: a secret is in the answer. */
    'cache-control': string;
    /** @description Of all that callers set. */
    etag: string;
    /** @description Where it is. */
    location: string;
    /** @description How to authenticate. */
    'www-authenticate': string;
    /** @description Names this request in the logs. */
    'x-request-id': string;
  };
  pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
  getAsyncApi: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The document: a message for every event type. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AsyncApiDocument'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getHealth: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It does. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Health'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getOpenApi: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description This document. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['OpenApiDocument'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listAllDeadLetters: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description Of events accepted from then on, */
        from?: string;
        /** @description fault: those that our own code failed at. */
        kind?: 'delivery' | 'fault';
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
        /** @description and before then. */
        to?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. With filters it may hold fewer than `limit`, or none, and still go on. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeadLetterOfTenantPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listEventGroups: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description All of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['EventGroupList'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listEventTypes: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description All of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['EventTypeList'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getEventType: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The name of an event type. */
        type: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The type. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['EventType'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  testFilter: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['FilterTest'];
      };
    };
    responses: {
      /** @description Whether it lets the event through. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['FilterVerdict'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listKeys: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['KeyPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  createKey: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewKey'];
      };
    };
    responses: {
      /** @description The key. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['KeyWithText'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getKey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the key. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The key, without its text. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Key'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteKey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the key. */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Deleted. */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  updateKey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the key. */
        id: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['KeyPatch'];
        'application/merge-patch+json': components['schemas']['KeyPatch'];
      };
    };
    responses: {
      /** @description The key, without its text. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Key'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getMe: {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The key, without its text. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Key'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listAllSubscriptions: {
    parameters: {
      query?: {
        circuit?: 'closed' | 'open' | 'probing';
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
        status?: 'enabled' | 'paused' | 'disabled';
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. With filters it may hold fewer than `limit`, or none, and still go on. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SubscriptionOfTenantPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listTenants: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['TenantPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getTenant: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The tenant. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Tenant'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  eraseTenant: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It has begun, or was under way. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Tenant'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getDelivery: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of a delivery: its `webhook-id`. */
        delivery: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The delivery. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeliveryWithAttempts'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listEvents: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description Accepted from then on, */
        from?: string;
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
        /** @description and before then. */
        to?: string;
        /** @description Of this type only. */
        type?: string;
      };
      header?: never;
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. With filters it may hold fewer than `limit`, or none, and still go on. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['EventPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postEvent: {
    parameters: {
      query?: never;
      header?: {
        /** @description The same key makes the same thing once, for 24 h; with another body it is a 409. */
        'Idempotency-Key'?: components['parameters']['idempotency-key'];
      };
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['PostedEvent'];
      };
    };
    responses: {
      /** @description Accepted, or accepted before. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Receipt'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getEvent: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The `event_id`. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The event. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Event'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  eraseEvent: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The `event_id`. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Erased, now or before. */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listDeliveries: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
      };
      header?: never;
      path: {
        /** @description The `event_id`. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeliveryPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  replayEvent: {
    parameters: {
      query?: never;
      header?: {
        /** @description The same key makes the same thing once, for 24 h; with another body it is a 409. */
        'Idempotency-Key'?: components['parameters']['idempotency-key'];
      };
      path: {
        /** @description The `event_id`. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['EventReplay'];
      };
    };
    responses: {
      /** @description Asked for. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ReplayedEvent'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  postEvents: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['EventBatch'];
      };
    };
    responses: {
      /** @description What became of each, in their order. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['BatchReceipt'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  createPortalSession: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewPortalSession'];
      };
    };
    responses: {
      /** @description The session. Nothing is kept of it. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PortalSession'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listSubscriptions: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
      };
      header?: never;
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SubscriptionPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  createSubscription: {
    parameters: {
      query?: never;
      header?: {
        /** @description The same key makes the same thing once, for 24 h; with another body it is a 409. */
        'Idempotency-Key'?: components['parameters']['idempotency-key'];
      };
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewSubscription'];
      };
    };
    responses: {
      /** @description Subscribed. Events that are accepted from now on are delivered. */
      201: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['SubscriptionWithSecret'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getSubscription: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The subscription. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Subscription'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  deleteSubscription: {
    parameters: {
      query?: never;
      header?: {
        /** @description The `ETag` of what is to be changed. A 412 where it was changed meanwhile. */
        'If-Match'?: components['parameters']['if-match'];
      };
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Deleted. */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  updateSubscription: {
    parameters: {
      query?: never;
      header?: {
        /** @description The `ETag` of what is to be changed. A 412 where it was changed meanwhile. */
        'If-Match'?: components['parameters']['if-match'];
      };
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['SubscriptionPatch'];
        'application/merge-patch+json': components['schemas']['SubscriptionPatch'];
      };
    };
    responses: {
      /** @description The subscription. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Subscription'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listAttempts: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        event_type?: string;
        /** @description Of events accepted from then on, */
        from?: string;
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
        outcome?: 'accepted' | 'rejected' | 'unreachable' | 'blocked';
        /** @description and before then. */
        to?: string;
      };
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. With filters it may hold fewer than `limit`, or none, and still go on. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['AttemptPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listDeadLetters: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
      };
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeadLetterPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  acknowledgeDeadLetter: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of a delivery: its `webhook-id`. */
        delivery: string;
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It is in the list no more. */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  replayDeadLetter: {
    parameters: {
      query?: never;
      header?: {
        /** @description The same key makes the same thing once, for 24 h; with another body it is a 409. */
        'Idempotency-Key'?: components['parameters']['idempotency-key'];
      };
      path: {
        /** @description The id of a delivery: its `webhook-id`. */
        delivery: string;
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Asked for. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ReplayedDelivery'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getPublicKey: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The key. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['PublicKey'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  releaseSubscription: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Asked for. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Nothing'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  startReplay: {
    parameters: {
      query?: never;
      header?: {
        /** @description The same key makes the same thing once, for 24 h; with another body it is a 409. */
        'Idempotency-Key'?: components['parameters']['idempotency-key'];
      };
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['NewReplay'];
      };
    };
    responses: {
      /** @description It has begun. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Replay'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listReplays: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
      };
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['ReplayPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getReplay: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description The id of a replay. */
        replay: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The replay. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Replay'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  cancelReplay: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description The id of a replay. */
        replay: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description It sends nothing more. */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getSecret: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description The current one. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RevealedSecret'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  rotateSecret: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['SecretRotation'];
      };
    };
    responses: {
      /** @description The new secret, and until when the one before signs. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['RotatedSecret'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getStats: {
    parameters: {
      query?: {
        from?: string;
        step?: 'hour' | 'day';
        to?: string;
      };
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Every step of it, oldest first. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Stats'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  testSubscription: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody: {
      content: {
        'application/json': components['schemas']['TestWish'];
      };
    };
    responses: {
      /** @description What came of it. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Attempt'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  listWaiting: {
    parameters: {
      query?: {
        /** @description Where the page before ended: its `next_cursor`. It belongs to this list with these filters. */
        cursor?: components['parameters']['cursor'];
        /** @description How many at most. */
        limit?: components['parameters']['limit'];
      };
      header?: never;
      path: {
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description A page of them. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['DeliveryPage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  cancelWaiting: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of a delivery: its `webhook-id`. */
        delivery: string;
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Cancelled. */
      204: {
        headers: {
          [name: string]: unknown;
        };
        content?: never;
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  releaseWaiting: {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** @description The id of a delivery: its `webhook-id`. */
        delivery: string;
        /** @description The id of the subscription. */
        id: string;
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Asked for. */
      202: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Released'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
  getUsage: {
    parameters: {
      query?: {
        from?: string;
        to?: string;
      };
      header?: never;
      path: {
        /** @description Whose events these are. */
        tenant: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      /** @description Every day of it, oldest first. */
      200: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/json': components['schemas']['Usage'];
        };
      };
      /** @description Refused. */
      default: {
        headers: {
          [name: string]: unknown;
        };
        content: {
          'application/problem+json': components['schemas']['Problem'];
        };
      };
    };
  };
}
