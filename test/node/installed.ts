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
