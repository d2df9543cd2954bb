import { hookCrd } from '../api/crd.ts'
import { firstViolation, type Violation } from '../api/guard.ts'
import type { HookSpec } from '../api/hook.ts'
import { recordCrd } from '../api/record-crd.ts'
import { requestCrd } from '../api/run-request.ts'
import { anyDriver, type AnyDriver, type Bound } from './driver.ts'
import { forward } from './forward/forward.ts'
import { hold } from './hold/hold.ts'
import { redeploy } from './redeploy/redeploy.ts'
import { runJob } from './run-job/run-job.ts'
import { restart } from './restart/restart.ts'
import { scale } from './scale/scale.ts'
import { scaleNodes } from './scale-nodes/scale-nodes.ts'
import { columnMembers, declarations, hookSpecSchema, type DriverName } from './schemas.ts'

/** All declared drivers by name. A declaration without a driver does not compile. */
const byName: { readonly [N in DriverName]: AnyDriver<N> } = {
  scale: anyDriver(scale),
  scaleNodes: anyDriver(scaleNodes),
  redeploy: anyDriver(redeploy),
  restart: anyDriver(restart),
  runJob: anyDriver(runJob),
  forward: anyDriver(forward),
  hold: anyDriver(hold),
}

export const drivers: readonly AnyDriver[] = Object.values(byName)

export const crd = hookCrd(hookSpecSchema, columnMembers(declarations))

export const crds = [crd, recordCrd, requestCrd]

/**
 * Returns the driver of a hook, bound to its member, or the first violation of the schema.
 * Admission checks the same rules, but a hook may be older than a rule.
 */
export const driverOf = (hookSpec: HookSpec): Bound | Violation => {
  const violation = firstViolation(hookSpecSchema, hookSpec, 'spec')
  if (violation) return violation
  const driver = drivers.find(candidate => candidate.name === hookSpec.driver)
  return driver?.bind(hookSpec[driver.name]) ?? { path: 'spec.driver', message: 'names no driver' }
}

/** Returns whether {@link driverOf} returned a violation. */
export const isViolation = (found: Bound | Violation): found is Violation => 'path' in found
