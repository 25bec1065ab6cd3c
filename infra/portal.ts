import type { Construct } from 'constructs';
import { BadSetting } from './bad-setting.ts';
import type { Bundles } from './bundle.ts';
import type { CanaryTraffic } from './canary.ts';
import { StageFunction } from './stage-function.ts';

export interface PortalProps {
  bundles: Bundles;
  canary: CanaryTraffic | undefined;
  /** Origins of pages that may show it in a frame. */
  frames: readonly string[];
}

/** The function that serves the page of portal sessions. It has no right to anything but its log: the page asks the API. */
export const makePortal = (scope: Construct, id: string, { bundles, canary, frames }: PortalProps) =>
  new StageFunction(scope, id, {
    stage: 'portal',
    bundles,
    canary,
    environment: { FRAME_ANCESTORS: frames.length === 0 ? "'none'" : frames.join(' ') },
  });

/** A host may hold more in a URL than a policy can: `*` there is a wildcard, and `;` ends it. */
const HOST = /^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])$/;

/** @throws where one is no origin of an https page, or of one on this machine */
export function checkFrames(frames: readonly string[]): void {
  for (const frame of frames) {
    const { origin, protocol, hostname = '' } = URL.parse(frame) ?? {};
    const isSafe = protocol === 'https:' || (protocol === 'http:' && hostname === 'localhost');
    if (origin !== frame || !isSafe || !HOST.test(hostname))
      throw new BadSetting(`portalFrames must be origins such as https://app.example.com: ${frame}`);
  }
}
