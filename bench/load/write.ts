import { randomBytes } from 'node:crypto'
import { at, stringAt } from '../../src/api/json.ts'
import { jsonOf, type Answer, type Api } from './api.ts'
import type { Report, WriteJob } from './job.ts'
import { measured } from './pace.ts'

/** A Deployment's version, and the count in it. */
export interface Version {
  readonly uid: string
  readonly resourceVersion: string
  readonly count: number
}

/** Reads a Deployment by its path. */
export const readVersion = async (api: Api, target: string): Promise<Version> => {
  const object = jsonOf(await api.send('GET', target))
  const uid = stringAt(object, 'metadata', 'uid') ?? ''
  const resourceVersion = stringAt(object, 'metadata', 'resourceVersion') ?? ''
  return { uid, resourceVersion, count: Number(at(object, 'spec', 'replicas') ?? 0) }
}

/** The one request that every step needs at least. A conflict is an answer. */
export const writeCount = (api: Api, target: string, from: Version, to: number): Promise<Answer> => {
  const [, namespace = '', name = ''] = /namespaces\/([^/]+)\/[^/]+\/([^/]+)$/.exec(target) ?? []
  const { resourceVersion, uid } = from
  return api.send('PATCH', `${target}/scale?fieldManager=raw.${mark()}&force=true`, {
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name, namespace, uid, resourceVersion },
      spec: { replicas: to },
    }),
    also: [409],
  })
}

const prefix = randomBytes(8).toString('hex')
let marks = 0
const mark = (): string => `${prefix}.${(++marks).toString(36)}`

/** What each target was left at, from job to job. */
const remembered = new Map<string, Version>()

export const write = async (
  api: Api,
  { concurrency, count, gapMs, modulo = Infinity, readFirst = false, targets }: WriteJob,
): Promise<Report> => {
  for (const target of targets) if (!remembered.has(target)) remembered.set(target, await readVersion(api, target))
  let conflicts = 0
  const step = async (target: string, known: Version | undefined): Promise<void> => {
    const from = known ?? (await readVersion(api, target))
    const to = modulo === Infinity ? from.count + 1 : (from.count % modulo) + 1
    const answer = await writeCount(api, target, from, to)
    if (answer.status === 409) {
      conflicts += 1
      return await step(target, undefined)
    }
    const resourceVersion = stringAt(jsonOf(answer), 'metadata', 'resourceVersion') ?? ''
    remembered.set(target, { uid: from.uid, resourceVersion, count: to })
  }
  const paced = await measured({ concurrency, count, ...(gapMs === undefined ? {} : { gapMs }) }, async index => {
    const target = targets[index % targets.length] ?? ''
    await step(target, readFirst ? undefined : remembered.get(target))
  })
  return { ...paced, notes: { conflicts } }
}
