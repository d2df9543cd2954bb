import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import type { Api } from './api.ts'
import type { ReadyJob, Report } from './job.ts'
import { pagesOf } from './list.ts'
import { epochMs } from './pace.ts'

/** Waits until hooks are Ready. `firstAt` and `lastAt` are when the first and the last of them were seen to be Ready, since the epoch. */
export const ready = async (api: Api, { count, path }: ReadyJob): Promise<Report> => {
  const began = performance.now()
  const seen = new Set<string>()
  let firstAt = 0
  const look = (hook: unknown): void => {
    const conditions = at(hook, 'status', 'conditions')
    const isReady = Array.isArray(conditions) && conditions.some(isReadyCondition)
    if (!isReady) return
    if (seen.size === 0) firstAt = epochMs()
    seen.add(`${stringAt(hook, 'metadata', 'namespace')}/${stringAt(hook, 'metadata', 'name')}`)
  }
  let version = ''
  for await (const text of pagesOf(api, path)) {
    const page = parseJson(text)
    const items = at(page, 'items')
    if (Array.isArray(items)) items.forEach(look)
    version = stringAt(page, 'metadata', 'resourceVersion') ?? ''
  }
  const stop = new AbortController()
  for await (const line of api.watch(`${path}?watch=true&resourceVersion=${version}`, stop.signal)) {
    look(at(parseJson(line), 'object'))
    if (seen.size >= count) break
  }
  stop.abort()
  return { elapsedMs: performance.now() - began, latencies: [], notes: { firstAt, lastAt: epochMs() } }
}

const isReadyCondition = (condition: unknown): boolean =>
  isObject(condition) && condition['type'] === 'Ready' && condition['status'] === 'True'
