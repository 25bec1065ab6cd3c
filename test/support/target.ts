import { startSystem } from './running-system.ts';
import type { Target } from './api.ts';

export interface OpenTarget extends Target {
  close(): Promise<void>;
}

/**
 * What the end-to-end tests talk to: the stack that FANOUT_URL and FANOUT_ADMIN_KEY name, or else a local one of their own that keeps
 * nothing.
 */
export async function openTarget(): Promise<OpenTarget> {
  const { FANOUT_URL: url, FANOUT_ADMIN_KEY: adminKey } = process.env;
  if (url !== undefined && adminKey !== undefined) return { url, adminKey, close: async () => {} };
  const system = await startSystem();
  return { url: system.url, adminKey: system.adminKey, close: system.stop };
}
