import type { CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { BadSetting } from './bad-setting.ts';

/** What API Gateway lets through of a route: so many requests a second, and so many at once. */
export interface Throttle {
  perSecond: number;
  burst: number;
}

/** Whoever uses up one of them leaves the others alone. Each holds for all callers together. */
export interface Throttles {
  /** For each of the two routes that take events. */
  ingest: Throttle;
  /** For all that needs a key and is no event. */
  controlPlane: Throttle;
  /** For each of the routes that need no key, which anybody may call. */
  open: Throttle;
}

export const DEFAULT_THROTTLES: Throttles = {
  ingest: { perSecond: 2_000, burst: 4_000 },
  controlPlane: { perSecond: 200, burst: 400 },
  open: { perSecond: 50, burst: 100 },
};

/** @throws where a limit would let nothing through, or is no limit */
export function throttlesOf(given: Partial<Throttles> = {}): Throttles {
  const throttles = { ...DEFAULT_THROTTLES, ...given };
  for (const [name, { perSecond, burst }] of Object.entries<Throttle>({ ...throttles })) {
    const isLimit = Number.isFinite(perSecond) && perSecond >= 1 && Number.isInteger(burst) && burst >= 1;
    if (!isLimit) {
      throw new BadSetting(
        `throttles.${name} must have a perSecond of at least 1 and a whole burst of at least 1: ${JSON.stringify({ perSecond, burst })}`,
      );
    }
  }
  return throttles;
}

export const settingsOf = ({ perSecond, burst }: Throttle): CfnStage.RouteSettingsProperty => ({
  throttlingRateLimit: perSecond,
  throttlingBurstLimit: burst,
});

/** As CloudFormation takes them by route: the L1 passes this on as it is, so the names are those of the template. */
export const byRoute = (keys: readonly string[], { perSecond, burst }: Throttle): Record<string, object> =>
  Object.fromEntries(keys.map((key) => [key, { ThrottlingRateLimit: perSecond, ThrottlingBurstLimit: burst }]));
