import { hookCrd } from '../api/crd.ts'
import { firstViolation, type Violation } from '../api/guard.ts'
import type { HookSpec } from '../api/hook.ts'
import { recordCrd } from '../api/record-crd.ts'
import { anyDriver, type AnyDriver, type Bound } from './driver.ts'
import { redeploy } from './redeploy/redeploy.ts'
import { restart } from './restart/restart.ts'
import { scale } from './scale/scale.ts'
import { scaleNodes } from './scale-nodes/scale-nodes.ts'
import { columnMembers, declarations, hookSpecSchema, type DriverName } from './schemas.ts'

/** Every driver that is declared, by its name: a declaration without a driver does not compile. */
const byName: { readonly [N in DriverName]: AnyDriver<N> } = {
  scale: anyDriver(scale),
  scaleNodes: anyDriver(scaleNodes),
  redeploy: anyDriver(redeploy),
  restart: anyDriver(restart),
}

export const drivers: readonly AnyDriver[] = Object.values(byName)

/** The CustomResourceDefinition of ReceiverHook. */
export const crd = hookCrd(hookSpecSchema, columnMembers(declarations))

/** Every CustomResourceDefinition of the product. */
export const crds = [crd, recordCrd]

/**
 * The driver of a hook, bound to its member; or the first rule that the spec breaks. Admission has judged the same
 * rules, but a hook may have been stored before a rule was made.
 */
export const driverOf = (hookSpec: HookSpec): Bound | Violation => {
  const violation = firstViolation(hookSpecSchema, hookSpec, 'spec')
  if (violation) return violation
  const driver = drivers.find(candidate => candidate.name === hookSpec.driver)
  return driver?.bind(hookSpec[driver.name]) ?? { path: 'spec.driver', message: 'names no driver' }
}

/** Whether {@link driverOf} found something wrong. */
export const isViolation = (found: Bound | Violation): found is Violation => 'path' in found
