import { onTestFinished } from 'vitest'
import { flowControlFor } from '../../scripts/deploy/flow-control.ts'
import { send } from '../../src/kube/requests.ts'
import { kindOf, nameOf } from '../deploy/manifests.ts'
import type { Cluster } from '../support/product.ts'

const path = '/apis/flowcontrol.apiserver.k8s.io/v1'

/** The uids of the installation's objects for flow control, by name. The level has the name `receiver-hooks`. */
export type FlowControl = Readonly<Record<string, string>>

/** Applies the flow control of the manifests for the accounts of a test's own namespace, until the test ends. It is in force soon after. */
export const applyFlowControl = async ({ api, systemNamespace }: Cluster): Promise<FlowControl> => {
  const uids: Record<string, string> = {}
  for (const { object } of flowControlFor(systemNamespace)) {
    const collection = `${path}/${kindOf(object) === 'FlowSchema' ? 'flowschemas' : 'prioritylevelconfigurations'}`
    const made = await send(api, { method: 'POST', path: collection, body: JSON.stringify(object) })
    uids[nameOf(object)] = made.metadata.uid
    const remove = { method: 'DELETE', path: `${collection}/${nameOf(object)}`, lane: 'bulk', timeoutMs: 5000 } as const
    onTestFinished(async () => void (await api.request(remove)))
  }
  return uids
}
