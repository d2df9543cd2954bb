import { Pool } from 'undici'
import { setTimeout as sleep } from 'node:timers/promises'
import { at, parseJson, stringAt, tryParseJson } from '../../src/api/json.ts'
import { jsonOf, type Api } from './api.ts'
import type { EditJob, Report } from './job.ts'
import { notification } from './notification.ts'
import { measured } from './pace.ts'

/** Between two edits, in milliseconds, so that all that follows from one is over. */
const pauseMs = 30

export const edit = async (api: Api, { collection, count, hook, seen }: EditJob): Promise<Report> => {
  const patch = (suspend: boolean): Promise<unknown> =>
    api.send('PATCH', hook, {
      body: JSON.stringify({ spec: { suspend } }),
      contentType: 'application/merge-patch+json',
    })
  const watch = await byWatch(api, hook, collection)
  const { close, when } = seen === 'watch' ? watch : byAnswers(watch, seen)
  const paced = await measured({ concurrency: 1, count, gapMs: pauseMs }, async index => {
    const suspend = index % 2 === 0
    await Promise.all([patch(suspend), when(suspend)])
  })
  await patch(false)
  await close()
  return { ...paced, notes: {} }
}

/** How often a replica is asked that does not go by the edit yet, in milliseconds. */
const askEveryMs = 1

interface Sight {
  /** Resolves when the hook is seen to be so. */
  readonly when: (suspended: boolean) => Promise<unknown>
  readonly close: () => Promise<void>
}

const byWatch = async (api: Api, hook: string, collection: string): Promise<Sight> => {
  const name = hook.slice(hook.lastIndexOf('/') + 1)
  const version = stringAt(jsonOf(await api.send('GET', `${collection}?limit=1`)), 'metadata', 'resourceVersion') ?? ''
  const stop = new AbortController()
  let observed = (_suspended: boolean): void => {}
  const watching = (async () => {
    for await (const line of api.watch(`${collection}?watch=true&resourceVersion=${version}`, stop.signal)) {
      const object = at(parseJson(line), 'object')
      if (stringAt(object, 'metadata', 'name') === name) observed(at(object, 'spec', 'suspend') === true)
    }
  })()
  // It is open before the first edit.
  await sleep(pauseMs)
  return {
    when: suspended =>
      new Promise<void>(resolve => {
        observed = now => now === suspended && resolve()
      }),
    close: async () => {
      stop.abort()
      await watching
    },
  }
}

/**
 * Asks each replica what it would do, once a watch has seen the edit, and again until the replica
 * uses it. Asking earlier would take the processors from the replicas that have to receive it.
 * Neither answer needs the API server.
 */
const byAnswers = (watch: Sight, urls: readonly string[]): Sight => {
  const pools = urls.map(url => ({ url: new URL(url), pool: new Pool(new URL(url).origin, { connections: 1 }) }))
  const body = notification('resolved')
  const headers = { 'content-type': 'application/json' }
  const acts = async ({ pool, url }: (typeof pools)[number], suspended: boolean): Promise<void> => {
    const path = `${url.pathname}?dryRun=true`
    const wanted = suspended ? 'Suspended' : 'Resolved'
    for (;;) {
      const response = await pool.request({ method: 'POST', path, headers, body })
      if (stringAt(tryParseJson(await response.body.text()), 'reason') === wanted) return
      await sleep(askEveryMs)
    }
  }
  return {
    when: async suspended => {
      await watch.when(suspended)
      await Promise.all(pools.map(replica => acts(replica, suspended)))
    },
    close: async () => {
      await watch.close()
      await Promise.all(pools.map(({ pool }) => pool.close()))
    },
  }
}
