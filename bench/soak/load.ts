import { setTimeout as sleep } from 'node:timers/promises'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import type { Report } from '../load/job.ts'
import { hookPath, names, namespace, triggerPathsOf, type Stage } from '../stage.ts'

/**
 * The kinds of hooks that are posted to: how many there are, what is in their specs, and how many posts a second each kind
 * gets. A record keeps the last 1,000 deliveries that have a key or a lease. Few hooks get such, so that their records have
 * the size that they keep after twenty minutes.
 */
const kinds = {
  plain: { count: 100, spec: {}, perSecond: 8, post: {} },
  named: { count: 4, spec: { dedupeWindow: '5m' }, perSecond: 4, post: { oneNamedOf: 1 } },
  leasing: { count: 2, spec: { for: '1m', dedupeWindow: '5m' }, perSecond: 2, post: {} },
  alerting: {
    count: 2,
    spec: { for: '2m', onResolved: 'undo', dedupeWindow: '5m' },
    perSecond: 2,
    post: { body: 'alertmanager' },
  },
  large: { count: 1, spec: { dedupeWindow: '5m' }, perSecond: 0.2, post: { body: 'large alertmanager' } },
} as const

type Kind = keyof typeof kinds

const allKinds: readonly Kind[] = ['plain', 'named', 'leasing', 'alerting', 'large']

/** How often something else is done, in milliseconds. */
const every = { wrongToken: 500, edit: 5000, made: 10_000, rotation: 30_000, word: 10_000 } as const

const deployments: ResourceType = { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' }

const nameOf = (kind: Kind): readonly string[] => names(kind, kinds[kind].count)

/** Makes all hooks and their Deployments. */
export const makeHooks = async (stage: Stage): Promise<void> => {
  for (const kind of allKinds) {
    await stage.deployments(nameOf(kind))
    await stage.hooks(nameOf(kind), 'up', kinds[kind].spec)
  }
  await stage.deployments(['edited'])
  await stage.hooks(['edited'], 'up')
}

/** Posts to all hooks, through all triggers in turns, until `ms` are over. Resolves with how often each answer came. */
export const load = async (
  stage: Stage,
  origins: readonly string[],
  ms: number,
): Promise<Readonly<Record<string, number>>> => {
  const count = allKinds.reduce((sum, kind) => sum + kinds[kind].count, 1)
  const paths = await triggerPathsOf(stage, count)
  const until = performance.now() + ms
  const urlsOf = (kind: Kind): readonly string[] =>
    nameOf(kind).flatMap(name => origins.map(origin => `${origin}${paths.get(`${name}-up`)}`))
  const reports = await Promise.all([
    ...allKinds.map(kind => {
      const { perSecond, post } = kinds[kind]
      const pace = { concurrency: 4, count: Math.ceil((perSecond * ms) / 1000), withinMs: ms, perSecond }
      return stage.load.run({ job: 'post', urls: urlsOf(kind), ...pace, ...post })
    }),
    wrongTokens(origins, until),
    people(stage, until),
  ])
  return sumOf(reports.filter(report => report !== undefined))
}

const sumOf = (reports: readonly Pick<Report, 'notes'>[]): Readonly<Record<string, number>> => {
  const sum: Record<string, number> = {}
  for (const { notes } of reports)
    for (const [name, times] of Object.entries(notes)) if (name !== 'different') sum[name] = (sum[name] ?? 0) + times
  return sum
}

/** Does something again and again, until a moment of the monotonic clock. */
const repeat = async (everyMs: number, until: number, one: (index: number) => Promise<void>): Promise<void> => {
  for (let index = 0; performance.now() < until; index++) {
    await one(index)
    await sleep(Math.min(everyMs, Math.max(0, until - performance.now())))
  }
}

const wrongTokens = async (origins: readonly string[], until: number): Promise<Pick<Report, 'notes'>> => {
  const notes: Record<string, number> = {}
  await repeat(every.wrongToken, until, async index => {
    const response = await fetch(`${origins[index % origins.length]}/v1/trigger/not-a-token-${index}`, {
      method: 'POST',
    })
    await response.text()
    notes[response.status] = (notes[response.status] ?? 0) + 1
  })
  return { notes }
}

/** Does what people do meanwhile: edits, new hooks and deleted ones, rotations, and counts that somebody sets. */
const people = async ({ server: { api } }: Stage, until: number): Promise<undefined> => {
  const merge = async (path: string, patch: object): Promise<void> => {
    const body = JSON.stringify(patch)
    await send(api, { method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
  }
  await Promise.all([
    repeat(every.edit, until, index => merge(hookPath('edited-up'), { spec: { suspend: index % 2 === 0 } })),
    repeat(every.rotation, until, index => merge(hookPath('edited-up'), { spec: { token: { rotation: index } } })),
    repeat(every.made, until, async index => {
      const scale = { target: { name: 'edited' }, action: 'up', max: 10 }
      const made = {
        apiVersion: 'receiverhooks.dev/v1alpha1',
        kind: 'ReceiverHook',
        metadata: { name: `made-${index}` },
      }
      const body = JSON.stringify({ ...made, spec: { driver: 'scale', scale } })
      await send(api, { method: 'POST', path: collectionPath(hooks, namespace), body })
      const former = { method: 'DELETE', path: hookPath(`made-${index - 1}`), lane: 'bulk', timeoutMs: 10_000 } as const
      if (index > 0) await api.request(former)
    }),
    repeat(every.word, until, index => {
      const name = nameOf('alerting')[index % kinds.alerting.count] ?? ''
      return merge(`${objectPath(deployments, namespace, name)}/scale`, { spec: { replicas: index % 10 } })
    }),
  ])
}
