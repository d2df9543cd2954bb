import { expect, it } from 'vitest'
import { at, isObject, listAt, stringAt } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { deployment } from '../support/objects.ts'
import { cluster, deployments, post, product, until } from '../support/product.ts'

const names = ['kept', 'suspended', 'edited', 'deleted'] as const

/** A post of a push that each of the Deployments waits for. */
const push = {
  headers: { 'content-type': 'application/json', 'idempotency-key': 'one' },
  body: JSON.stringify({ image: 'nginx:1.30' }),
}

it('a rollout that goes on after its answer ends when its hook is suspended, edited or deleted, and its end is reported', async () => {
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
  const { lines } = await product({ ...here, api })
  for (const name of names) {
    await here.createDeployment(name, 2)
    const spec = { driver: 'redeploy', redeploy: { target: { name }, tags: { glob: '*' } } }
    await create(here.api, hooks, namespace, { apiVersion, kind: hookKind, metadata: { name }, spec })
  }
  const urls = await Promise.all(names.map(name => here.url(name)))
  const posted = Promise.all(urls.map(url => post(url, undefined, push)))
  await until(
    () => Promise.resolve(tried.size),
    size => size === names.length,
  )
  for (const { body } of await posted) expect(body['reason']).toBe('Unfinished')

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
  await until(
    () => Promise.resolve(lines.filter(line => line.includes('"reason":"Halted"')).length),
    ended => ended === 3,
  )

  isAway = false
  const imageOf = async (name: string): Promise<unknown> => {
    const containers = at(await read(here.api, deployments, namespace, name), 'spec', 'template', 'spec', 'containers')
    return Array.isArray(containers) && isObject(containers[0]) ? containers[0]['image'] : undefined
  }
  await until(
    () => imageOf('kept'),
    image => image === 'nginx:1.30',
  )
  expect(await Promise.all(names.slice(1).map(imageOf))).toEqual(names.slice(1).map(() => 'nginx:1.29'))
  // No sender hears of it, so the status says it.
  const listed = await until(
    () => recentOf('kept'),
    rows => rows.length > 0,
  )
  expect(listed).toMatchObject([{ outcome: 'applied', reason: 'RolledOut' }])
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
  const redeploy = { selector: { matchLabels: { team: 'shop' } }, image: 'nginx', tags: { glob: '*' } }
  for (const name of ['first', 'second']) {
    const labelled = { ...deployment(name, 2), metadata: { name, labels: { team: 'shop' } } }
    await create(here.api, deployments, namespace, labelled)
  }
  await create(here.api, hooks, namespace, {
    apiVersion,
    kind: hookKind,
    metadata: { name: 'both' },
    spec: { driver: 'redeploy', redeploy },
  })
  const posted = post(await here.url('both'), undefined, push)
  await until(
    () => Promise.resolve(refused.size),
    size => size > 0,
  )
  await here.patchHook('both', { spec: { suspend: true } })
  expect(await posted).toMatchObject({ status: 503, body: { reason: 'Unfinished' } })
  expect((await posted).body['message']).toContain('1 of 2 workloads are done')
  const recent = await until(
    async () => listAt(await here.hook('both'), 'status', 'recent'),
    rows => rows.some(row => at(row, 'reason') === 'Halted'),
  )
  expect(JSON.stringify(recent)).toContain('the hook was suspended. 1 of 2 workloads are done')
})
