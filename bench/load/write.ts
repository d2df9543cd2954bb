import { randomBytes } from 'node:crypto'
import { at, stringAt } from '../../src/api/json.ts'
import { jsonOf, type Answer, type Api } from './api.ts'
import type { Report, WriteJob } from './job.ts'
import { measured } from './pace.ts'

/** A target's version, and the count in it. */
export interface Version {
  readonly uid: string
  readonly resourceVersion: string
  readonly count: number
}

/** Reads a target by its path. The count is in a member of its spec. */
export const readVersion = async (api: Api, target: string, member = 'replicas'): Promise<Version> => {
  const object = jsonOf(await api.send('GET', target))
  const uid = stringAt(object, 'metadata', 'uid') ?? ''
  const resourceVersion = stringAt(object, 'metadata', 'resourceVersion') ?? ''
  return { uid, resourceVersion, count: Number(at(object, 'spec', member) ?? 0) }
}

/** Writes a count with the one request that every step needs at least. A conflict is an answer. */
export const writeCount = (api: Api, target: string, from: Version, to: number, as?: string): Promise<Answer> => {
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
    ...(as !== undefined && { as }),
  })
}

/**
 * Does the same where the count is a member of the object's own spec: the JSON Patch that the product sends, with version, uid, count
 * and mark.
 */
export const patchCount = (api: Api, target: string, from: Version, member: string, to: number): Promise<Answer> =>
  api.send('PATCH', `${target}?fieldManager=raw`, {
    contentType: 'application/json-patch+json',
    body: JSON.stringify([
      { op: 'replace', path: '/metadata/resourceVersion', value: from.resourceVersion },
      { op: 'test', path: '/metadata/uid', value: from.uid },
      { op: 'add', path: `/spec/${member}`, value: to },
      { op: 'add', path: '/metadata/annotations/receiverhooks.dev~1step', value: `raw.${mark()}` },
    ]),
    also: [409],
  })

const prefix = randomBytes(8).toString('hex')
let marks = 0
const mark = (): string => `${prefix}.${(++marks).toString(36)}`

/** What each target was left at, from job to job. */
const remembered = new Map<string, Version>()

export const write = async (
  api: Api,
  { as, member, modulo = Infinity, readFirst = false, targets, ...pace }: WriteJob,
): Promise<Report> => {
  for (const target of targets) {
    if (!remembered.has(target)) remembered.set(target, await readVersion(api, target, member))
  }
  let conflicts = 0
  const step = async (target: string, known: Version | undefined): Promise<void> => {
    const from = known ?? (await readVersion(api, target, member))
    const to = modulo === Infinity ? from.count + 1 : (from.count % modulo) + 1
    const answer = await (member === undefined
      ? writeCount(api, target, from, to, as)
      : patchCount(api, target, from, member, to))
    if (answer.status === 409) {
      conflicts += 1
      return await step(target, undefined)
    }
    const resourceVersion = stringAt(jsonOf(answer), 'metadata', 'resourceVersion') ?? ''
    remembered.set(target, { uid: from.uid, resourceVersion, count: to })
  }
  const paced = await measured(pace, async index => {
    const target = targets[index % targets.length] ?? ''
    await step(target, readFirst ? undefined : remembered.get(target))
  })
  return { ...paced, notes: { conflicts } }
}
