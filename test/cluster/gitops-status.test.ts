import { expect, it } from 'vitest'
import { parseJson, at, stringAt } from '../../src/api/json.ts'
import { apiVersionOf, objectPath } from '../../src/kube/paths.ts'
import { create } from '../../src/kube/requests.ts'
import { autoscalers, hooks } from '../../src/kube/resources.ts'
import { healthEntry, healthFile, healthOf } from '../gitops/health.ts'
import { kstatusOf } from '../gitops/kstatus.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster, product, type Cluster } from '../support/product.ts'

/** Returns what Flux and Argo CD say of a hook. */
const said = async ({ hook }: Cluster, name: string): Promise<string> => {
  const object = await hook(name)
  if (!object) return 'gone'
  return `${kstatusOf(object)}, ${(await healthOf(object)).status}`
}

const says = (here: Cluster, name: string, wanted: string) =>
  here.until(
    () => said(here, name),
    now => now === wanted,
  )

it('what Flux and Argo CD say of a hook follows it from its creation to its end', async () => {
  const here = await cluster()
  const { api, namespace } = here
  await here.createHook('web-up', {})
  expect(await said(here, 'web-up')).toBe('InProgress, Progressing')

  const running = await product(here)
  await here.url('web-up')
  // Its target is not there yet: both may be applied together, in any order.
  expect(await said(here, 'web-up')).toBe('InProgress, Progressing')
  await here.createDeployment('web', 1)
  await says(here, 'web-up', 'Current, Healthy')
  await here.patchHook('web-up', { spec: { suspend: true } })
  await says(here, 'web-up', 'Current, Healthy')

  await create(api, autoscalers, namespace, {
    apiVersion: apiVersionOf(autoscalers),
    kind: autoscalers.kind,
    metadata: { name: 'web' },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  })
  await says(here, 'web-up', 'Failed, Degraded')
  await api.request({
    method: 'DELETE',
    path: objectPath(autoscalers, namespace, 'web'),
    lane: 'bulk',
    timeoutMs: 5000,
  })
  await says(here, 'web-up', 'Current, Healthy')

  await running.stop()
  await here.patchHook('web-up', { spec: { scale: { max: 5 } }, metadata: { finalizers: ['example.com/keeps-it'] } })
  expect(await said(here, 'web-up')).toBe('InProgress, Progressing')
  await api.request({ method: 'DELETE', path: objectPath(hooks, namespace, 'web-up'), lane: 'bulk', timeoutMs: 5000 })
  expect(kstatusOf(await here.hook('web-up'))).toBe('Terminating')
  await here.patchHook('web-up', { metadata: { finalizers: null } })
  await says(here, 'web-up', 'gone')
})

it("the health check goes into Argo CD's ConfigMap, and leaves what else is there", async () => {
  const { kubeconfig, namespace } = await cluster()
  const run = (...args: string[]) => kubectl(kubeconfig, ['-n', namespace, ...args])
  await run('create', 'configmap', 'argocd-cm', '--from-literal=url=https://argocd.example.com')
  const patch = ['patch', 'configmap', 'argocd-cm', '--patch-file', healthFile]
  expect(await run(...patch)).toMatchObject({ code: 0, stderr: '' })
  const { stdout } = await run('get', 'configmap', 'argocd-cm', '-o', 'json')
  const data = at(parseJson(stdout), 'data')
  expect(stringAt(data, 'url')).toBe('https://argocd.example.com')
  expect(stringAt(data, healthEntry)).toContain('return health')
})
