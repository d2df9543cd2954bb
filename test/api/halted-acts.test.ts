import { expect, it } from 'vitest'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { listAt } from '../../src/apiserver/members.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { cluster, deployments, post, product, until } from '../support/product.ts'

const names = ['kept', 'suspended', 'edited', 'deleted'] as const

it('a rollout that could not be written yet ends when its hook is suspended, edited or deleted', async () => {
  const here = await cluster()
  const { namespace } = here
  let isAway = true
  const tried = new Set<string>()
  const api: ApiConnection = {
    ...here.api,
    request: request => {
      if (!isAway || request.method !== 'PATCH' || !request.path.includes('/deployments/'))
        return here.api.request(request)
      tried.add(request.path.split('/').at(-1) ?? '')
      return Promise.reject(new Unreachable('the API server is busy', false))
    },
  }
  await product({ ...here, api })
  const bodies = await Promise.all(names.map(name => deploymentAndHook(here.api, namespace, name)))
  const urls = await Promise.all(names.map(name => here.url(name)))
  const postTo = (index: number) =>
    post(urls[index] ?? '', undefined, {
      headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
      body: bodies[index] ?? '',
    })
  const posted = Promise.all(names.map((_, index) => postTo(index)))
  await until(
    () => Promise.resolve(tried.size),
    size => size === names.length,
  )

  await here.patchHook('suspended', { spec: { suspend: true } })
  await here.patchHook('edited', { spec: { redeploy: { image: 'acme/other' } } })
  const path = objectPath(hooks, namespace, 'deleted')
  await here.api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })
  const recentOf = async (name: string): Promise<readonly unknown[]> => {
    return listAt(await here.hook(name), 'status', 'recent')
  }
  for (const [name, why] of [
    ['suspended', 'the hook was suspended. 0 of 1 workloads are done'],
    ['edited', 'the hook was edited. 0 of 1 workloads are done'],
  ] as const) {
    const noted = await until(
      () => recentOf(name),
      rows => rows.some(row => at(row, 'reason') === 'Halted'),
    )
    const halted = noted.find(row => at(row, 'reason') === 'Halted')
    expect(halted).toMatchObject({ outcome: 'failed' })
    expect(stringAt(halted, 'message')).toContain(why)
  }
  const statuses = (await posted).map(({ body, status }) => [status, body['reason']])
  // The edited hook wants another image, and the suspended one does not say that nothing was done.
  expect(statuses).toEqual([
    [503, 'Unfinished'],
    [503, 'Contended'],
    [200, 'NotForThisHook'],
    [410, 'HookDeleted'],
  ])

  isAway = false
  const imageOf = async (name: string): Promise<unknown> => {
    const containers = at(await read(here.api, deployments, namespace, name), 'spec', 'template', 'spec', 'containers')
    return Array.isArray(containers) && isObject(containers[0]) ? containers[0]['image'] : undefined
  }
  // What still goes on is written within a second, so what has ended would be, too.
  await until(
    () => imageOf('kept'),
    image => image === 'acme/kept:1.1.0',
  )
  await new Promise(resolve => setTimeout(resolve, 1500))
  expect(await Promise.all(names.slice(1).map(imageOf))).toEqual(names.slice(1).map(name => `acme/${name}:1.0.0`))
})

it('a rollout that has reached a workload when its hook is suspended answers how far it came', async () => {
  const here = await cluster()
  const { namespace } = here
  const refused = new Set<string>()
  const api: ApiConnection = {
    ...here.api,
    request: request => {
      if (request.method !== 'PATCH' || !request.path.endsWith('/deployments/second')) return here.api.request(request)
      refused.add(request.path)
      return Promise.reject(new Unreachable('the API server is busy', false))
    },
  }
  await product({ ...here, api })
  const redeploy = { selector: { matchLabels: { team: 'shop' } }, image: 'acme/web', tags: { semver: '*' } }
  for (const name of ['first', 'second']) await createDeployment(here.api, namespace, name, 'acme/web')
  await create(here.api, hooks, namespace, {
    apiVersion,
    kind: hookKind,
    metadata: { name: 'both' },
    spec: { driver: 'redeploy', redeploy },
  })
  const posted = post(await here.url('both'), undefined, {
    headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
    body: JSON.stringify({ image: 'acme/web:1.1.0' }),
  })
  await until(
    () => Promise.resolve(refused.size),
    size => size > 0,
  )
  await here.patchHook('both', { spec: { suspend: true } })
  expect(await posted).toMatchObject({ status: 503, body: { reason: 'Unfinished' } })
  expect((await posted).body['message']).toContain('the hook was suspended. 1 of 2 workloads are done')
})

/** Makes a Deployment and a hook that rolls it out. Returns the body of a push. */
const deploymentAndHook = async (api: ApiConnection, namespace: string, name: string): Promise<string> => {
  const image = `acme/${name}`
  await createDeployment(api, namespace, name, image)
  const spec = { driver: 'redeploy', redeploy: { target: { name }, tags: { semver: '*' } } }
  await create(api, hooks, namespace, { apiVersion, kind: hookKind, metadata: { name }, spec })
  return JSON.stringify({ image: `${image}:1.1.0` })
}

const createDeployment = async (api: ApiConnection, namespace: string, name: string, image: string): Promise<void> => {
  const labels = { app: name, team: 'shop' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: `${image}:1.0.0` }] } }
  await send(api, {
    method: 'POST',
    path: collectionPath(deployments, namespace),
    body: JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, labels },
      spec: { replicas: 2, selector: { matchLabels: labels }, template },
    }),
  })
}
