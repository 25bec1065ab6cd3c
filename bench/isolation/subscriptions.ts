import { itemsOf, type Call } from '../../local/client.ts';
import { HEALTHY_TYPES, TENANT, type Troublemaker } from './cases.ts';
import type { Endpoints } from './endpoints.ts';

export interface Parties {
  call: Call;
  endpoints: Endpoints;
}

/** What can be taken back. */
export interface Subscribed {
  end(): Promise<void>;
}

export const HEALTHY = 20;

/** Makes a subscription, and answers its path. */
async function subscribe(call: Call, tenant: string, wish: { url: string; event_types: readonly string[] }) {
  const path = `/v1/tenants/${tenant}/subscriptions`;
  const { id } = await call('POST', path, wish);
  return `${path}/${String(id)}`;
}

export const pathOfHealthy = (n: number): string => `/healthy/${n}`;

export async function subscribeHealthy({ call, endpoints }: Parties): Promise<Subscribed> {
  const urls = Array.from({ length: HEALTHY }, (_, n) => endpoints.urlOf(pathOfHealthy(n), 'works'));
  const paths = await Promise.all(urls.map((url) => subscribe(call, TENANT, { url, event_types: HEALTHY_TYPES })));
  return {
    async end() {
      await Promise.all(paths.map((path) => call('DELETE', path)));
    },
  };
}

export const pathOfTrouble = ({ name }: Troublemaker): string => `/trouble/${name}`;

export interface Trouble extends Subscribed {
  /** How many requests each got that nobody but the API has seen. */
  unseen(): Promise<ReadonlyMap<Troublemaker, number>>;
}

export async function subscribeTroublemakers(
  troublemakers: readonly Troublemaker[],
  { call, endpoints }: Parties,
): Promise<Trouble> {
  const made = await Promise.all(
    troublemakers.map(async (maker) => {
      const url = endpoints.urlOf(pathOfTrouble(maker), maker.behaviour);
      return { maker, path: await subscribe(call, maker.tenant, { url, event_types: maker.event_types }) };
    }),
  );
  return {
    async unseen() {
      const nobodySaw = made.filter(({ maker }) => maker.behaviour === 'refuses connections');
      const counts = nobodySaw.map(async ({ maker, path }) => [maker, await countAttempts(path, call)] as const);
      return new Map(await Promise.all(counts));
    },
    async end() {
      await Promise.all(made.map(({ path }) => call('DELETE', path)));
      endpoints.letGo();
    },
  };
}

async function countAttempts(path: string, call: Call): Promise<number> {
  let count = 0;
  for (let cursor = ''; ;) {
    const page = await call('GET', `${path}/attempts?limit=100${cursor}`);
    count += itemsOf(page).length;
    if (typeof page['next_cursor'] !== 'string') return count;
    cursor = `&cursor=${page['next_cursor']}`;
  }
}
