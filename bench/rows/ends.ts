import { setTimeout as sleep } from 'node:timers/promises'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { deployments } from '../../test/support/product.ts'
import { apiOf, type Api } from '../load/api.ts'
import type { Comparison } from '../row.ts'
import { hookPath, names, namespace, triggerPathsOf, type Stage } from '../stage.ts'

/** A round waits a minute and more until no outcome is asked for, and requests are counted, not timed. */
const rounds = 2

/** How many posts, or ends, there are at the same time. */
const concurrency = 32

/** How often counts are read, in milliseconds, and how much longer that is for each hook: they are one list. */
const readEveryMs = 250
const moreMs = 1

/** How long each hook's edit takes at most, in milliseconds. All have to be edited before the leases end. */
const editMs = 20

/**
 * Returns the row of leases that all end at one moment, spread over so many hooks, each with a
 * target of its own. Every lease is of an alert of its own, and every post too.
 */
const endsOver = (name: string, hooks: number): Comparison => ({
  kind: 'comparison',
  name,
  title: `1,000 leases that end in the same second, over ${hooks.toLocaleString('en')} hooks, with 2 replicas, in ${rounds} rounds`,
  baseline: `1,000 named posts, ${concurrency} at a time, to as many hooks without \`for\``,
  figures: [
    { key: 'requests', title: 'API requests for each', unit: '', reach: { of: 'ratio', atMost: 2 } },
    { key: 'time', title: 'until all are done', unit: 'ms' },
    { key: 'inexact', title: 'ends lost or doubled', unit: '', reach: { of: 'product', atMost: 0 } },
  ],
  // The first post to a hook makes its record.
  warm: true,
  enoughRounds: rounds,
  prepare: async stage => {
    const [width, count] = stage.quick ? [Math.min(hooks, 10), 20] : [hooks, 1000]
    const [named, leased] = [names('named', width), names('leased', width)]
    await stage.deployments([...named, ...leased])
    await stage.hooks(named, 'up')
    await stage.hooks(leased, 'up', { for: '2h' })
    const minting = await stage.product('controller')
    const paths = await triggerPathsOf(stage, 2 * width)
    // An edit of a hook makes the controller write, and that is not what is counted.
    await minting.end()
    // As many as an installation has. Both see that a lease is due.
    const origins = [(await stage.product('trigger')).origin, (await stage.product('trigger')).origin]
    /** Returns each target's URL at one of both, and then at the other one. */
    const urlsOf = (all: readonly string[]) =>
      [0, 1].flatMap(turn =>
        all.map((target, index) => `${origins[(index + turn) % 2] ?? ''}${paths.get(`${target}-up`) ?? ''}`),
      )
    const post = (all: readonly string[]) =>
      stage.load.run({ job: 'post', urls: urlsOf(all), count, concurrency, body: 'alertmanager' })
    // The list of all targets is larger than any answer that the product reads.
    const api = apiOf(stage.server.reached)
    return {
      baseline: async () => {
        const base = await sumOf(api, 'named')
        const before = await requestsWhenQuiet(stage)
        const { elapsedMs } = await post(named)
        const requests = (await requestsWhenQuiet(stage)) - before
        // A machine that is busy may answer 503 to some posts, whether or not their steps are made.
        return { requests: requests / ((await sumOf(api, 'named')) - base), time: elapsedMs, inexact: 0 }
      },
      product: async () => {
        const base = await sumOf(api, 'leased')
        await post(leased)
        await requestsWhenQuiet(stage)
        const ended = await endAll(stage, api, leased, base)
        const requests = (await requestsWhenQuiet(stage)) - ended.requestsBefore - ended.reads
        return { requests: requests / ended.count, time: ended.time, inexact: ended.inexact }
      },
    }
  },
})

interface Ended {
  /** How many leases there were. */
  readonly count: number
  /** From the moment at which all leases are due until all counts are back. */
  readonly time: number
  readonly inexact: number
  /** How many requests had been made before, and how many reads of counts were made since. */
  readonly requestsBefore: number
  readonly reads: number
}

/** Lets all leases of these hooks end at one moment. Resolves when the sum of their targets' counts is `to`. */
const endAll = async (stage: Stage, api: Api, targets: readonly string[], to: number): Promise<Ended> => {
  const due = Math.ceil((Date.now() + 3000 + targets.length * editMs) / 1000) * 1000
  const body = JSON.stringify({ spec: { endBefore: new Date(due).toISOString() } })
  const edited = targets.values()
  const edit = async (): Promise<void> => {
    for (const target of edited) {
      const path = hookPath(`${target}-up`)
      await send(stage.server.api, { method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
    }
  }
  await Promise.all(Array.from({ length: 8 }, edit))
  if (Date.now() > due) throw new Error('the hooks could not be edited before their leases were due')
  const { requests: requestsBefore } = await stage.server.work()
  const from = await sumOf(api, 'leased')
  await sleep(Math.max(0, due - Date.now()))
  let reads = 1
  let sum = from
  while (sum > to) {
    sum = await sumOf(api, 'leased')
    reads += 1
    if (sum > to) await sleep(readEveryMs + moreMs * targets.length)
  }
  return { count: from - to, time: Date.now() - due, inexact: Math.abs(sum - to), requestsBefore, reads }
}

/** Adds up the counts of the Deployments whose names begin with `prefix`. */
const sumOf = async (api: Api, prefix: string): Promise<number> => {
  const { text } = await api.send('GET', collectionPath(deployments, namespace))
  const items = at(parseJson(text), 'items')
  return (Array.isArray(items) ? items.filter(isObject) : [])
    .filter(item => stringAt(item, 'metadata', 'name')?.startsWith(prefix) === true)
    .reduce((sum, item) => sum + Number(at(item, 'spec', 'replicas') ?? 0), 0)
}

/**
 * Returns how many requests there were, once none is made any more: outcomes are stored later. With small sizes, whose figures say
 * nothing, it waits for none of those.
 */
const requestsWhenQuiet = async ({ quick, server }: Stage): Promise<number> => {
  const quietMs = quick ? 100 : 6000
  for (let seen = -1; ;) {
    const { requests } = await server.work()
    if (requests === seen) return requests
    seen = requests
    await sleep(quietMs)
  }
}

/** Many leases of one hook end with few writes, and a lease of each hook with writes of its own. */
export const ends = endsOver('ends', 20)
export const endsOfMany = endsOver('ends-of-many', 1000)
