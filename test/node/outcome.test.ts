import { randomBytes } from 'node:crypto'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { at } from '../../src/api/json.ts'
import { post, until, type Posted } from '../support/product.ts'
import { rolledOut, serviceIP } from './installed.ts'
import { succeed } from './support.ts'

// The outcome of a push as a real kubelet makes it: it pulls images, starts what is in them, and probes it.

const components = ['redeploy-everywhere', 'rollout-pods-everywhere']

beforeAll(async () => {
  await succeed('kubectl apply -k deploy/kustomize/base')
  for (const component of components) {
    await succeed(`kubectl apply -f deploy/kustomize/components/${component}/bindings.yaml`)
  }
  await rolledOut()
})

const manifest = (namespace: string): string => `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ${namespace}}
spec:
  replicas: 1
  progressDeadlineSeconds: 30
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: web
          image: acme:1.0.0
          readinessProbe: {httpGet: {path: /readyz, port: 8081}, periodSeconds: 1}
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: receiverhooks.dev/v1alpha1
kind: ReceiverHook
metadata: {name: push, namespace: ${namespace}}
spec: {driver: redeploy, redeploy: {target: {name: web}, tags: {glob: '*'}}}
`

it(
  'says of an image that is never ready, that crashes and that cannot be pulled what keeps it, and of a good one that it is there',
  {
    timeout: 400_000,
  },
  async () => {
    const namespace = `outcome-${randomBytes(3).toString('hex')}`
    await succeed('kubectl apply -f -', manifest(namespace))
    onTestFinished(async () => {
      await succeed(`kubectl delete namespace ${namespace} --wait=false`)
    })
    await succeed(`kubectl -n ${namespace} rollout status deployment/web --timeout=100s`)
    await succeed(`kubectl -n ${namespace} wait --for=condition=Ready receiverhook/push --timeout=60s`)
    const field = (path: string): Promise<string> =>
      succeed(`kubectl -n ${namespace} get receiverhook push -o jsonpath='{${path}}'`)
    const url = `http://${await serviceIP()}${new URL(await field('.status.triggerURL')).pathname}`
    /** Asks as a pipeline does, until the outcome is known. */
    const outcomeOf = (tag: string): Promise<Posted> =>
      until(
        () =>
          post(`${url}?wait=10s`, undefined, {
            headers: { 'content-type': 'application/json', 'idempotency-key': tag },
            body: JSON.stringify({ image: `acme:${tag}` }),
          }),
        ({ status }) => status !== 202 && status !== 503,
        100_000,
      )
    /** Waits until the status shows the outcome, too. */
    const shown = (state: string): Promise<string> =>
      until(
        () => field('.status.lastDelivery.state'),
        now => now === state,
        60_000,
      )
    const stalls: readonly (readonly [tag: string, cause: RegExp])[] = [
      ['1.0.1-never-ready', /^web: ContainersNotReady \(1 of 1\)$/],
      // Between two tries the container has just ended.
      ['1.0.2-crashes', /^web: (CrashLoopBackOff|Error) \(1 of 1\)$/],
      ['1.0.3-of-no-registry', /^web: (ImagePullBackOff|ErrImagePull) \(1 of 1\)$/],
    ]
    for (const [tag, cause] of stalls) {
      const { body, status } = await outcomeOf(tag)
      expect([status, body['state'], body['reason']]).toEqual([422, 'stalled', 'RolloutStalled'])
      expect(at(body, 'causes')).toEqual([expect.stringMatching(cause)])
      // In a rolling update what ran before still runs.
      expect([at(body, 'ready'), at(body, 'of')]).toEqual([0, 1])
      await shown('stalled')
    }
    expect(await outcomeOf('1.0.4')).toMatchObject({ status: 200, body: { state: 'complete', ready: 1, of: 1 } })
    await shown('complete')
  },
)
