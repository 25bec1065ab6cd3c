import { faultOfTargets, type EnvironmentOf } from '../shared/runtime/env.ts';
import { BadSetting } from './bad-setting.ts';

/** Where subscribers may be, beside public addresses on the ports 443 and 8443. */
export interface Targets {
  ports?: readonly number[];
  /** CIDR blocks that count as public, such as a peered network; names of inside may lead there. */
  allow?: readonly string[];
  /** CIDR blocks that are refused whatever else holds. */
  deny?: readonly string[];
}

/** What the functions are told. @throws where they could not read it */
export function targetsVariable(targets: Targets): EnvironmentOf<'deliver'>['TARGETS'] {
  const text = JSON.stringify(targets);
  const fault = faultOfTargets(text);
  if (fault !== undefined) throw new BadSetting(`targets: ${fault}.`);
  return text;
}
