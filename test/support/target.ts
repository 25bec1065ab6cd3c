import { startSystem } from './running-system.ts';
import type { Target } from './api.ts';

export interface OpenTarget extends Target {
  close(): Promise<void>;
}

/**
 * What the end-to-end tests talk to: a local system of their own that keeps nothing. Only `npm run test:deployed` leads them to the
 * one that FANOUT_URL and FANOUT_ADMIN_KEY name, so that `npm test` never posts to it because of what is set in somebody's shell.
 */
export async function openTarget(): Promise<OpenTarget> {
  const { FANOUT_TARGET, FANOUT_URL: url = '', FANOUT_ADMIN_KEY: adminKey = '' } = process.env;
  if (FANOUT_TARGET === 'deployed') return { url, adminKey, close: async () => {} };
  const system = await startSystem();
  return { url: system.url, adminKey: system.adminKey, close: system.stop };
}
