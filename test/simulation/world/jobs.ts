import { at, isObject, listAt, parseJson, tryParseJson } from '../../../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../../../src/api/object.ts'
import { recordPlural } from '../../../src/api/record.ts'
import { jobEnd, jobNameOf } from '../../../src/drivers/run-job/jobs.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import type { Fleet } from './fleet.ts'
import { cronJob, namesOfCronJobs, namesOfJobHooks } from './job-hooks.ts'
import { hooksPath, jobsPath } from './paths.ts'
import type { Letter } from './posting.ts'
import { insist, type Senders } from './senders.ts'

/** Of posts that name their delivery: each copy is the same. */
const letterOf = (hook: string, delivery: string, query = '') =>
  ({
    ...{ hook, delivery, event: delivery, query, kind: 'plain', proof: undefined },
    headers: { 'idempotency-key': delivery },
  }) as const satisfies Partial<Letter>

/** How long a sender tries again, in milliseconds: longer than a process may hold an act that it has left. */
export const insistsMs = 30_000

/**
 * Somebody posts to one of these hooks: some copies of one delivery, or posts without a name, at once or one after another. Who runs a
 * Job may wait for it.
 */
export const runActs =
  ({ board, newDelivery, post }: Senders, hooks: readonly string[], mayWait: boolean) =>
  (actor: Actor): void => {
    const { rng, sleep } = actor
    const hook = rng.pick(hooks)
    const delivery = `job ${newDelivery()}`
    const query = mayWait && rng.chance(0.3) ? rng.pick(['wait=0s', 'wait=1s', 'wait=3s']) : ''
    const isNamed = rng.chance(0.8)
    const withinMs = rng.pick([10, 300, 3000, 15_000])
    for (let copies = rng.int(1, 4); copies > 0; copies--) {
      const named = letterOf(hook, isNamed ? delivery : `job ${newDelivery()}`, query)
      const letter = { ...named, ...(!isNamed && { headers: {} }), healed: false }
      void sleep(rng.int(0, withinMs)).then(() =>
        insist(actor, isNamed ? insistsMs : 0, () => {
          const published = board.of(hook).at(-1)
          return published ? post({ ...letter, published }) : nothing
        }),
      )
    }
  }

const nothing = Promise.resolve('none' as const)

/** The controller of Jobs: each ends some time. */
export const endJobs =
  (server: SimulatedServer) =>
  ({ rng }: Actor): void => {
    for (const job of listAt(parseJson(server.send('GET', jobsPath).body), 'items')) {
      if (!isStoredObject(job) || jobEnd(job) || rng.chance(0.7)) continue
      const type = rng.pick(['Complete', 'Failed'])
      const conditions = [{ type, status: 'True', reason: 'BackoffLimitExceeded' }]
      server.send('PATCH', `${jobsPath}/${job.metadata.name}/status`, { status: { conditions } })
    }
  }

/** People suspend such a hook for a while. */
export const suspendJobHook =
  (server: SimulatedServer) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const hook = rng.pick(namesOfJobHooks)
    const suspend = (isSuspended: boolean): void => {
      did(`${isSuspended ? 'suspends' : 'resumes'} ${hook}`)
      server.send('PATCH', `${hooksPath}/${hook}`, { spec: { suspend: isSuspended } })
    }
    suspend(true)
    await sleep(rng.int(300, 4000))
    suspend(false)
  }

/** Somebody lets such a hook run another CronJob. */
export const renameCronJob =
  (server: SimulatedServer) =>
  ({ did, rng }: Actor): void => {
    const [hook, cronJob] = [rng.pick(namesOfJobHooks), rng.pick(namesOfCronJobs)]
    did(`lets ${hook} run ${cronJob}`)
    server.send('PATCH', `${hooksPath}/${hook}`, { spec: { runJob: { cronJob } } })
  }

/** Returns the acts that a record holds open: the keys of their deliveries, by their ids. */
export const openActsIn = ({ content }: StoredObject): ReadonlyMap<string, string> => {
  const acts = typeof content === 'string' ? at(tryParseJson(content), 'acts') : undefined
  const known = (Array.isArray(acts) ? acts : []).filter(isObject)
  return new Map(known.map(({ id, key }) => [String(id), String(key)]))
}

/** Somebody who reads records makes Jobs with the names that hooks are about to use. */
export const squat = (server: SimulatedServer, rng: Rng, mayContinue: () => boolean): void => {
  const seen = new Set<string>()
  server.onStored(({ deleted, object, resource }) => {
    if (resource !== recordPlural || deleted || !object.metadata.name.startsWith('job-')) return
    for (const id of openActsIn(object).keys()) {
      if (seen.has(id)) continue
      seen.add(id)
      if (!mayContinue() || !rng.chance(0.1)) continue
      const { jobTemplate } = cronJob.spec
      server.send('POST', jobsPath, { ...jobTemplate, metadata: { name: jobNameOf(object.metadata.name, id) } })
    }
  })
}

/** One more delivery to each when all is well, by every trigger, until it is done. */
export const runActsByAll =
  ({ board, newDelivery, post }: Senders, fleet: Fleet, hooks: readonly string[]) =>
  async (actor: Actor): Promise<void> => {
    const all = hooks.flatMap(hook => {
      const published = board.of(hook).at(-1)
      const letter = letterOf(hook, `job ${newDelivery()}`)
      return fleet.members().map(async member => {
        if (!member.endpoint || !published) return
        await insist(actor, lastInsistsMs, () => post({ ...letter, published, healed: true }, member))
      })
    })
    await Promise.all(all)
  }

/** How long the last posts are sent again, in milliseconds. */
const lastInsistsMs = 14_000
