import { listAt, stringAt } from '../api/json.ts'
import type { StoredObject } from '../api/object.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { isStatus } from './errors.ts'
import { send } from './requests.ts'

export const policyGroup = '/apis/admissionregistration.k8s.io/v1'

/** Returns why an admission policy does not deny all that it should. Undefined if it does. Throws the API server's errors. */
export const policyProblem = async (
  api: ApiConnection,
  name: string,
  timeoutMs = 10_000,
): Promise<string | undefined> => {
  const read = (resource: string): Promise<StoredObject | undefined> =>
    send(api, { method: 'GET', path: `${policyGroup}/${resource}/${name}`, timeoutMs }).catch((error: unknown) => {
      if (!isStatus(error, 404)) throw error
      return undefined
    })
  const policy = await read('validatingadmissionpolicies')
  if (policy === undefined) return 'is not there'
  const binding = await read('validatingadmissionpolicybindings')
  if (binding === undefined) return 'has no binding'
  if (!listAt(binding, 'spec', 'validationActions').includes('Deny')) return 'has a binding that does not deny'
  const [first] = listAt(policy, 'status', 'typeChecking', 'expressionWarnings')
  return first === undefined
    ? undefined
    : `has an expression that fails (${stringAt(first, 'fieldRef') ?? 'somewhere'})`
}
