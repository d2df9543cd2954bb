import { expect, it, onTestFinished } from 'vitest'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { connect, nodeClock, nodeRandom } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { configMaps, hooks, secrets } from '../../src/kube/resources.ts'
import { formatPublicKeys, seedLength, signingKey } from '../../src/token/keys.ts'
import { keySetEntry, publicKeysConfigMap } from '../../src/token/published.ts'
import { stopPatch } from '../../src/token/stop.ts'
import { cluster, post, product, until, type Cluster } from '../support/product.ts'
import { startPair, type Pair } from './control-plane/pair.ts'
import { deleteHook, isAnswered } from './posting.ts'

/** A change takes effect within this time of being stored, even if one API server is behind. In milliseconds. */
const promisedMs = 2_000

/**
 * How long posts continue after the last change, in milliseconds: long enough to show a cache that
 * is trusted for ever.
 */
const postedMs = 6_000

/**
 * How long after the last change hooks that nobody changed may be without an answer of 200 on a busy machine, in milliseconds. On an
 * idle one they are served again 2 to 5 seconds after the fault.
 */
const servedWithinMs = 60_000

const word = 'open sesame'
const headers = { authorization: `Bearer ${word}` }
const encoded = (text: string): string => Buffer.from(text).toString('base64')

/** A time that began long ago, and does not end while tests run. */
const freeze = { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z', reason: 'a drill' }

/** What is changed of a hook, each under the name of its own. */
const changes: Readonly<Record<string, (here: Cluster, name: string) => Promise<unknown>>> = {
  suspended: (here, name) => here.patchHook(name, { spec: { suspend: true } }),
  deleted: (here, name) => deleteHook(here, name),
  rotated: (here, name) => here.patchHook(name, { spec: { token: { rotation: 1, overlap: '0s' } } }),
  bounded: (here, name) => here.patchHook(name, { spec: { scale: { max: 1 } } }),
  closed: (here, name) => here.patchHook(name, { spec: { windows: { except: [freeze] } } }),
  limited: (here, name) => here.patchHook(name, { spec: { limits: [{ most: 1, within: '24h' }] } }),
  proven: ({ api, namespace }) =>
    send(api, {
      method: 'PATCH',
      path: objectPath(secrets, namespace, 'senders'),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ data: { token: encoded('another') } }),
    }),
  signed: async ({ api, systemNamespace }) =>
    await send(api, {
      method: 'PATCH',
      path: objectPath(configMaps, systemNamespace, publicKeysConfigMap),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ data: { [keySetEntry]: formatPublicKeys([signingKey(nodeRandom.bytes(seedLength))]) } }),
    }),
  stopped: ({ api, systemNamespace }) =>
    send(api, {
      method: 'PATCH',
      path: objectPath(configMaps, systemNamespace, publicKeysConfigMap),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ metadata: { annotations: stopPatch({ reason: 'a drill', all: false, at: undefined }) } }),
    }),
}

/** A key that is dropped, and a stop, are for all hooks of an installation. */
const ofAllHooks = ['signed', 'stopped']
const ofOneHook = Object.keys(changes).filter(name => !ofAllHooks.includes(name))

interface Sent {
  readonly at: number
  readonly outcome: unknown
}

/** Posts to a hook about ten times a second, without waiting for answers, until `stop` is aborted. */
const postOn = async (url: string, sent: Promise<Sent>[], stop: AbortSignal): Promise<void> => {
  while (!stop.aborted) {
    const at = nodeClock.monotonic()
    sent.push(
      post(url, undefined, { headers }).then(
        ({ body, status }) => ({
          at,
          outcome: status === 200 ? body['outcome'] : `${status} ${String(body['reason'])}`,
        }),
        () => ({ at, outcome: 'no answer' }),
      ),
    )
    await wait(nodeClock, 100, stop)
  }
}

/** A hook whose posts are looked at. */
interface Posted {
  readonly name: string
  readonly here: Cluster
  readonly url: string
}

/**
 * Makes hooks, each with a target of its own, and has posts to them served by a trigger that reaches the API servers
 * through the balancer. The controller that mints their tokens has ended by then.
 */
const serve = async (here: Cluster, balanced: string, names: readonly string[]): Promise<readonly Posted[]> => {
  await create(here.api, secrets, here.namespace, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'senders' },
    data: { token: encoded(word) },
  })
  const minting = await product(here, { trigger: false, publicURL: 'http://replaced.example.com' })
  const paths: string[] = []
  for (const name of names) {
    await here.createDeployment(name, 1)
    await create(here.api, hooks, here.namespace, {
      apiVersion,
      kind: hookKind,
      metadata: { name },
      spec: {
        driver: 'scale',
        scale: { target: { name }, action: 'up', max: 1000 },
        // What ran before the hook had a limit does not count.
        ...(name === 'limited' ? { limits: [{ most: 100, within: '24h' }] } : {}),
        ...(name === 'proven' ? { auth: { bearer: { secretKeyRef: { name: 'senders', key: 'token' } } } } : {}),
      },
    })
    paths.push(new URL(await here.url(name)).pathname)
  }
  await minting.stop()
  const api = connect(await loadAccess({ kubeconfig: balanced, env: {} }))
  onTestFinished(() => api.close())
  const { triggerPort } = await product({ ...here, api }, { controller: false })
  return names.map((name, index) => ({ name, here, url: `http://127.0.0.1:${triggerPort}${paths[index] ?? ''}` }))
}

const faults: readonly [string, (pair: Pair) => void | Promise<void>, (pair: Pair) => void][] = [
  [
    'an API server that is cut off from etcd',
    ({ leaveFirst, storage }) => {
      leaveFirst()
      storage.swallow()
    },
    () => {},
  ],
  [
    'an API server that stands still',
    ({ first, leaveFirst }) => {
      leaveFirst()
      first('SIGSTOP')
    },
    ({ first }) => first('SIGCONT'),
  ],
  [
    'connections that lag by 60 s',
    ({ balancer, leaveFirst }) => {
      leaveFirst()
      balancer.lag(60_000)
    },
    () => {},
  ],
  [
    'an API server whose etcd lags by 60 s',
    ({ leaveFirst, storage }) => (leaveFirst(), storage.delay(60_000)),
    () => {},
  ],
  [
    'an etcd that stood still',
    async ({ etcd }) => {
      etcd('SIGSTOP')
      await wait(nodeClock, 4_000)
      etcd('SIGCONT')
    },
    () => {},
  ],
]

it.each(faults)('behind %s, what is revoked or edited takes effect within two seconds', async (_what, begin, end) => {
  const pair = await startPair()
  const served = [...(await serve(pair.here, pair.balanced, [...ofOneHook, 'kept']))]
  // Each of these hooks has an installation to itself.
  for (const name of ofAllHooks)
    served.push(...(await serve(await cluster(pair.here.kubeconfig), pair.balanced, [name])))
  for (const { url } of served) await until(() => post(url, undefined, { headers }), isAnswered(200))

  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const sent = new Map(served.map(({ name }): [string, Promise<Sent>[]] => [name, []]))
  const posting = served.map(({ name, url }) => postOn(url, sent.get(name) ?? [], stop.signal))
  await wait(nodeClock, 1_000)

  const faultAt = nodeClock.monotonic()
  const begun = begin(pair)
  // The first API server has to be cut off before the change, or it would hear of it.
  await wait(nodeClock, 300)
  const stored = new Map<string, number>()
  await Promise.all(
    served.map(async ({ here, name }) => {
      await changes[name]?.(here, name)
      stored.set(name, nodeClock.monotonic())
    }),
  )
  await begun
  await wait(nodeClock, postedMs)
  // What nobody changed is served again.
  await until(
    () => firstStepAfter(sent.get('kept') ?? [], faultAt + promisedMs),
    at => at !== undefined,
    servedWithinMs,
  )
  stop.abort()
  await Promise.all(posting)
  end(pair)

  const rows: Row[] = []
  for (const { here, name } of served) {
    const outcomes = await Promise.all(sent.get(name) ?? [])
    rows.push(
      rowOf(name, outcomes, { storedAt: stored.get(name) ?? Infinity, faultAt, count: await here.replicas(name) }),
    )
  }
  console.log(rows.map(row => JSON.stringify(row)).join('\n'))
  expect(rows.filter(({ name, lastStepMs }) => name !== 'kept' && lastStepMs > promisedMs)).toEqual([])
  expect(rows.filter(({ isExact }) => !isExact)).toEqual([])
})

/** Returns when the first post was sent, after a moment, that has made a step so far. */
const firstStepAfter = async (sent: readonly Promise<Sent>[], moment: number): Promise<number | undefined> => {
  const answered = await Promise.all(sent.map(one => Promise.race([one, Promise.resolve(undefined)])))
  return answered.find(one => one?.outcome === 'applied' && one.at > moment)?.at
}

/** The answers to the posts to one hook. */
interface Row {
  readonly name: string
  /** How long after the change was stored the last post was sent that made a step. */
  readonly lastStepMs: number
  /** How long after the fault began a post was sent that made a step, but for those that were in time for the old state. */
  readonly servedAgainMs: number
  /** Whether the target is as the answers say, where posts without one that were sent in time count once or not at all. */
  readonly isExact: boolean
  readonly outcomes: Readonly<Record<string, number>>
}

const rowOf = (
  name: string,
  sent: readonly Sent[],
  { count, faultAt, storedAt }: { readonly count: number; readonly faultAt: number; readonly storedAt: number },
): Row => {
  const applied = sent.filter(({ outcome }) => outcome === 'applied').map(({ at }) => at)
  const endsAt = name === 'kept' ? Infinity : storedAt + promisedMs
  const unanswered = sent.filter(({ at, outcome }) => outcome === 'no answer' && at <= endsAt).length
  // One step was made before the fault.
  const least = 2 + applied.length
  const outcomes: Record<string, number> = {}
  for (const { outcome } of sent) outcomes[String(outcome)] = (outcomes[String(outcome)] ?? 0) + 1
  return {
    name,
    lastStepMs: Math.round(Math.max(...applied) - storedAt),
    servedAgainMs: Math.round((applied.find(at => at > faultAt + promisedMs) ?? Infinity) - faultAt),
    isExact: count >= least && count <= least + unanswered,
    outcomes,
  }
}
