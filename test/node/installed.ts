import { at } from '../../src/api/json.ts'
import { post, until, type Posted } from '../support/product.ts'
import { succeed } from './support.ts'

/** The product's namespace. */
export const ours = 'kubectl -n receiver-hooks'

/** Resolves when both Deployments have rolled out what they say. */
export const rolledOut = async (): Promise<void> => {
  for (const role of ['controller', 'trigger']) {
    await succeed(`${ours} rollout status deployment/receiver-hooks-${role} --timeout=110s`)
  }
}

/** Returns where the trigger's Service is reached from the node. */
export const serviceIP = (): Promise<string> =>
  succeed(`${ours} get service receiver-hooks-trigger -o jsonpath='{.spec.clusterIP}'`)

/** Returns the names of a role's pods that are not about to go. */
export const podsOf = async (role: 'controller' | 'trigger' | 'dashboard'): Promise<readonly string[]> => {
  const selector = `app.kubernetes.io/component=${role}`
  const template = '{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}'
  return (await succeed(`${ours} get pods -l ${selector} -o go-template='${template}'`)).split(' ').filter(Boolean)
}

/**
 * Posts through a Service. A pod that has just become ready is no endpoint of it at once: until kube-proxy has it, connections are
 * refused, and nothing was posted.
 */
export const postToService = async (url: string, body?: unknown, init: RequestInit = {}): Promise<Posted> => {
  const tried = async (): Promise<Posted | undefined> =>
    await post(url, body, init).catch((error: unknown) => {
      if (at(error, 'cause', 'code') === 'ECONNREFUSED') return undefined
      throw error
    })
  const posted = await until(tried, answer => answer !== undefined && answer.status !== 503)
  if (!posted) throw new Error(`${url} is not there`)
  return posted
}
