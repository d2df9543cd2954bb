import { hookCrd, resourceSchema } from '../api/crd.ts'
import { recordCrd } from '../api/record.ts'
import { specSchema, type HookSpec } from '../api/hook.ts'
import { firstViolation, type Violation } from '../api/guard.ts'
import { anyDriver, type AnyDriver, type Bound } from './driver.ts'
import { scale } from './scale/scale.ts'

/** Every driver. Adding one is a folder and a line here. */
export const drivers: readonly AnyDriver[] = [anyDriver(scale)]

const spec = specSchema(Object.fromEntries(drivers.map(driver => [driver.name, driver.schema])))

/** The CustomResourceDefinition of ReceiverHook. */
export const crd = hookCrd(spec)

/** Every CustomResourceDefinition of the product. */
export const crds = [crd, recordCrd]

/** The schema of the whole resource, as the reference page describes it. */
export const hookSchema = resourceSchema(spec)

/**
 * The driver of a hook, bound to its member; or the first rule that the spec breaks. Admission has judged the same
 * rules, but a hook may have been stored before a rule was made.
 */
export const driverOf = (hookSpec: HookSpec): Bound | Violation => {
  const violation = firstViolation(spec, hookSpec, 'spec')
  if (violation) return violation
  const driver = drivers.find(candidate => candidate.name === hookSpec.driver)
  return driver?.bind(hookSpec[driver.name]) ?? { path: 'spec.driver', message: 'names no driver' }
}

/** Whether {@link driverOf} found something wrong. */
export const isViolation = (found: Bound | Violation): found is Violation => 'path' in found
