import { expect, it, onTestFinished } from 'vitest'
import { approvalPolicy, requestsPolicy } from '../../scripts/deploy/requests.ts'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { connect, nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { read } from '../../src/kube/requests.ts'
import { requests } from '../../src/kube/resources.ts'
import { product } from '../support/product.ts'
import { startPair } from './control-plane/pair.ts'
import { enforce, said } from './enforced.ts'

/** The user as which the product runs here. */
const administrator = 'admin'

/** Starts two API servers and a trigger at each. A connection to `first` stays with the first, as its trigger does. */
const setUp = async () => {
  const pair = await startPair()
  const { balanced, here } = pair
  const first = connect(await loadAccess({ kubeconfig: balanced, env: {} }))
  onTestFinished(() => first.close())
  await here.createDeployment('web', 2)
  const policies = [
    await enforce(here, requestsPolicy({ triggers: [administrator] })),
    await enforce(here, approvalPolicy()),
  ]
  for (const user of ['ann', 'bob', 'carol'])
    await said(here, [
      'create',
      'rolebinding',
      user,
      '-n',
      here.namespace,
      '--clusterrole=cluster-admin',
      `--user=${user}`,
    ])
  await product(here, { trigger: false, requests: policies })
  await product({ ...here, api: first }, { controller: false, requests: true })
  await product(here, { controller: false, requests: true })
  await here.createHook('web-up', { max: 1000 }, { approval: { within: '15m' } })

  /** Sends as a user. Resolves with the status, or with 0 if there is no answer. */
  const sent = async (
    { api, user }: { readonly api: ApiConnection; readonly user: string },
    method: 'PATCH' | 'POST',
    path: string,
    object: object,
  ): Promise<number> => {
    const type = method === 'PATCH' && { contentType: 'application/merge-patch+json' as const }
    const request = {
      method,
      path,
      ...type,
      user,
      body: JSON.stringify(object),
      lane: 'bulk',
      timeoutMs: 3_000,
    } as const
    return await api.request(request).then(
      ({ status }) => status,
      () => 0,
    )
  }
  const status = async (name: string, state: string): Promise<unknown> => {
    const found = await here.until(
      () => read(here.api, requests, here.namespace, name),
      object => stringAt(object, 'status', 'state') === state,
    )
    return at(found, 'status')
  }
  /** Asks for the hook as ann. Resolves with the digest of what is shown. */
  const shown = async (name: string): Promise<string> => {
    const object = { apiVersion, kind: requestKind, metadata: { name }, spec: { hook: 'web-up', by: { user: 'ann' } } }
    await sent({ api: here.api, user: 'ann' }, 'POST', collectionPath(requests, here.namespace), object)
    return stringAt(await status(name, 'Awaiting'), 'effect', 'digest') ?? ''
  }
  const decide = async (api: ApiConnection, user: string, name: string, decision: object): Promise<number> =>
    await sent({ api, user }, 'PATCH', objectPath(requests, here.namespace, name), {
      spec: { decision: { is: 'Approved', by: user, ...decision } },
    })
  return { ...pair, first, decide, shown, status }
}

it('an API server that is cut off from etcd takes no decision, and the other makes what was approved, once', async () => {
  const { decide, first, here, shown, status, storage } = await setUp()
  const effect = await shown('one')
  storage.swallow()
  expect([0, 500, 503, 504]).toContain(await decide(first, 'bob', 'one', { effect }))
  expect(at(await read(here.api, requests, here.namespace, 'one'), 'spec', 'decision')).toBeUndefined()
  expect(await here.replicas('web')).toBe(2)
  expect(await decide(here.api, 'carol', 'one', { effect })).toBe(200)
  expect(await status('one', 'Done')).toMatchObject({ answer: { outcome: 'applied', from: 2, to: 3 } })
  expect([0, 500, 503, 504]).toContain(await decide(first, 'bob', 'one', { effect, is: 'Denied' }))
  expect(await here.replicas('web')).toBe(3)
}, 240_000)

it('of decisions at two API servers, one of which lags, one is taken in each of twenty races', async () => {
  const { decide, first, here, shown, status, storage } = await setUp()
  let approved = 0
  const taken: number[] = []
  for (let race = 0; race < 20; race++) {
    const name = `race-${race}`
    const effect = await shown(name)
    const lagMs = (race % 5) * 10
    storage.delay(lagMs)
    const answers = await Promise.all([
      decide(first, 'bob', name, { effect }),
      // A write at the first server asks its etcd several times.
      wait(nodeClock, lagMs * (race % 7)).then(() => decide(here.api, 'carol', name, { effect, is: 'Denied' })),
    ])
    storage.delay(0)
    taken.push(answers.filter(code => code === 200).length)
    if (answers[0] === 200) approved += 1
    const answer = answers[0] === 200 ? { outcome: 'applied' } : { reason: 'Denied' }
    expect(await status(name, 'Done')).toMatchObject({ answer })
  }
  expect(taken).toEqual(Array<number>(20).fill(1))
  console.log(`of 20 requests ${approved} were approved at the API server that lags, the others denied at the other`)
  expect(await here.replicas('web')).toBe(2 + approved)
}, 240_000)
