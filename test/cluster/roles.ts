import { at, stringAt } from '../../src/api/json.ts'
import type { ApiConnection, Outbound } from '../../src/environment/environment.ts'
import { listAt } from '../deploy/manifests.ts'
import { product, type Cluster } from '../support/product.ts'
import type { Account } from './installation.ts'

/** Runs both roles, each with its own account's connection. Returns the port of the trigger. */
export const runRoles = async (
  here: Cluster,
  as: Readonly<Record<Account, ApiConnection>>,
  more: { readonly outbound?: Outbound } = {},
): Promise<number | undefined> => {
  const triggerAccount = { namespace: here.systemNamespace, name: 'receiver-hooks-trigger' }
  const publicURL = 'http://replaced.example.com'
  await product({ ...here, api: as.controller }, { trigger: false, publicURL, triggerAccount })
  const { triggerPort } = await product({ ...here, api: as.trigger }, { controller: false, ...more })
  return triggerPort
}

/** Returns the condition Ready of a hook in words, such as `True Valid: …`. */
export const readinessOf = async (here: Cluster, name: string): Promise<string> => {
  const conditions = listAt(await here.hook(name), 'status', 'conditions')
  const found = conditions.find(each => at(each, 'type') === 'Ready')
  return `${stringAt(found, 'status')} ${stringAt(found, 'reason')}: ${stringAt(found, 'message')}`
}
