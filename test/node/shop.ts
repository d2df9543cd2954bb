import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { succeed } from './support.ts'

/** A namespace with a Deployment `web` of real pods, and the hook `web-up` on it. */
export interface Shop {
  readonly namespace: string
  /** The path of the hook's URL, which is posted to by way of the Service's cluster IP. */
  readonly path: () => Promise<string>
  /** How many replicas `web` is to have. */
  readonly replicas: () => Promise<number>
}

const manifest = (namespace: string, max: number): string => `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${namespace}}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: web
          image: pause:1
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: receiverhooks.dev/v1alpha1
kind: ReceiverHook
metadata: {name: web-up, namespace: ${namespace}}
spec: {driver: scale, scale: {target: {name: web}, action: up, max: ${max}}}
`

/**
 * Opens a shop until the test ends. With `pods: false` a quota lets no pod run, so that a count can grow as far as it likes.
 */
export const openShop = async ({ max = 10, pods = true } = {}): Promise<Shop> => {
  const namespace = `shop-${randomBytes(3).toString('hex')}`
  await succeed('kubectl apply -f -', manifest(namespace, max))
  if (!pods) await succeed(`kubectl -n ${namespace} create quota none --hard=pods=0`)
  onTestFinished(async () => {
    await succeed(`kubectl delete namespace ${namespace} --wait=false`)
  })
  // With the chart, the trigger may scale workloads only where somebody lets it.
  const role = 'receiver-hooks-trigger-targets'
  await succeed(
    `kubectl -n ${namespace} create rolebinding ${role} --clusterrole=${role} --serviceaccount=receiver-hooks:receiver-hooks-trigger`,
  )
  await succeed(`kubectl -n ${namespace} wait --for=condition=Ready receiverhook/web-up --timeout=60s`)
  const field = (kind: string, path: string): Promise<string> =>
    succeed(`kubectl -n ${namespace} get ${kind} -o jsonpath='{${path}}'`)
  return {
    namespace,
    path: async () => new URL(await field('receiverhook/web-up', '.status.triggerURL')).pathname,
    replicas: async () => Number(await field('deployment/web', '.spec.replicas')),
  }
}
