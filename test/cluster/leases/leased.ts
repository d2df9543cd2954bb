import { parseContent } from '../../../src/api/record.ts'
import { at, isObject, parseJson } from '../../../src/api/json.ts'
import { isStoredObject, type StoredObject } from '../../../src/api/object.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { wait } from '../../../src/environment/wait.ts'
import { collectionPath, type ResourceType } from '../../../src/kube/paths.ts'
import { records } from '../../../src/kube/resources.ts'
import { MemoryDraft } from '../../../src/record/draft.ts'
import { memoryOf as recordedIn } from '../../../src/record/memory.ts'
import { allParts } from '../../../src/record/parts.ts'
import { deployments, type Cluster } from '../../support/product.ts'

/** The counts of all targets at a moment, and what the records say is leased of them. */
export interface Sample {
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly counts: Readonly<Record<string, number>>
  readonly leased: Readonly<Record<string, number>>
  /** How many parts with an end are open, and how many steps are claimed: their parts are not stored yet. */
  readonly open: number
  readonly claimed: number
  /** In how many records a step was given up, because nobody can know whether it was made. */
  readonly unknown: number
  /** The targets whose count and parts are of one moment, and for which no step is in progress. */
  readonly settled: readonly string[]
}

/** Reads all counts and all records. */
export const sampleOf = async (here: Cluster): Promise<Sample> => {
  const before = await list(here, deployments)
  const memories = (await list(here, records)).flatMap(memoryOf)
  const after = new Map((await list(here, deployments)).map(({ metadata }) => [metadata.name, metadata]))
  const parts = memories.flatMap(memory => allParts(memory))
  const claimed = memories.flatMap(memory => new MemoryDraft(memory).claims()).map(({ claim }) => nameIn(claim.target))
  const leased: Record<string, number> = {}
  for (const { count, part } of parts) {
    const name = nameIn(count.target)
    leased[name] = (leased[name] ?? 0) + part.delta
  }
  return {
    at: nodeClock.now(),
    counts: Object.fromEntries(
      before.map(object => [object.metadata.name, Number(at(object, 'spec', 'replicas') ?? 1)]),
    ),
    leased,
    open: parts.filter(({ part }) => part.until !== undefined).length,
    claimed: claimed.length,
    unknown: memories.filter(({ unknownAt }) => unknownAt !== undefined).length,
    settled: before
      .filter(({ metadata: { name, resourceVersion } }) => after.get(name)?.resourceVersion === resourceVersion)
      .map(({ metadata }) => metadata.name)
      .filter(name => !claimed.includes(name)),
  }
}

/** Takes a sample each `everyMs` milliseconds until `stop` is aborted. */
export const samplesOf = async (here: Cluster, everyMs: number, stop: AbortSignal): Promise<readonly Sample[]> => {
  const samples: Sample[] = []
  while (!stop.aborted) {
    samples.push(await sampleOf(here))
    await wait(nodeClock, everyMs, stop)
  }
  return samples
}

/** Returns the object's name in a target, as a claim names it: `deployments/web` for a Deployment. */
const nameIn = (target: string): string => target.split(/[ +]/, 1)[0]?.split('/').at(-1) ?? ''

const memoryOf = (object: StoredObject) => {
  const parsed = parseContent(object['content'])
  return parsed.content === 'known' ? [recordedIn(parsed.memory)] : []
}

const list = async ({ api, namespace }: Cluster, type: ResourceType): Promise<readonly StoredObject[]> => {
  const path = collectionPath(type, namespace)
  const { body, status } = await api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 30_000 })
  if (status !== 200) throw new Error(`GET ${path}: ${status}`)
  const items = at(parseJson(body), 'items')
  return (Array.isArray(items) ? items : []).filter(isObject).filter(isStoredObject)
}
