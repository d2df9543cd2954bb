import { keyOf } from '../../../src/api/hash.ts'
import { at, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { requestPlural } from '../../../src/api/names.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import { recordPlural } from '../../../src/api/record.ts'
import { requestSpecOf, requestStatusOf, type RequestSpec, type RequestStatus } from '../../../src/api/run-request.ts'
import { deliveryOf } from '../../../src/senders/registry.ts'
import { isMark } from '../../support/marks.ts'
import { isPage, rowsIn } from '../rows.ts'
import { gated } from '../world/approvals.ts'
import { ownersIn, listIn, type HookVersion, type Timeline } from './timeline.ts'

/** A version of a request. */
export interface RequestVersion {
  readonly place: number
  readonly deleted: boolean
  readonly spec: RequestSpec
  readonly status: RequestStatus | undefined
}

/** What somebody has asked for, from version to version. */
export interface Request {
  readonly name: string
  readonly uid: string
  readonly createdAt: string
  /** What its delivery is called in the record of its hook. */
  readonly key: string
  /** Whether no other request has that key. */
  readonly isAlone: boolean
  /** The alert of the post that it keeps. */
  readonly alert: string | undefined
  readonly spec: RequestSpec
  readonly versions: readonly RequestVersion[]
}

/** All requests, in the order in which they were made. */
export const requestsIn = ({ happened }: Timeline): readonly Request[] => {
  const found = new Map<string, Request & { readonly versions: RequestVersion[] }>()
  for (const [place, entry] of happened.entries()) {
    if (entry.what !== 'stored' || entry.resource !== requestPlural) continue
    const { deleted, object } = entry
    const { creationTimestamp: createdAt = '', name, uid } = object.metadata
    const [spec, status] = [requestSpecOf(object), requestStatusOf(object)]
    const given = givenKey(object)
    const key = keyOf(given ?? JSON.stringify(['request', uid]))
    const isAlone = given === undefined
    const alert = stringAt(keptBody(spec), 'groupLabels', 'alert')
    const request = found.get(uid) ?? { name, uid, createdAt, key, isAlone, alert, spec, versions: [] }
    request.versions.push({ place, deleted, spec, status })
    found.set(uid, request)
  }
  return [...found.values()]
}

/** What the body of the post that a request keeps says. */
const keptBody = ({ post }: RequestSpec): unknown => tryParseJson(Buffer.from(post?.body ?? '', 'base64').toString())

/** The key that a request says, or that the sender of its post has given. */
const givenKey = (request: StoredObject): string | undefined => {
  const key = stringAt(request, 'spec', 'key')
  const { post } = requestSpecOf(request)
  const json = keptBody(requestSpecOf(request))
  return post
    ? deliveryOf({ headers: post.headers, json }).identity?.key
    : key && JSON.stringify(['request', 'key', key])
}

/** A version of the Deployment, with the mark of the product's write, if that made it. */
export interface GatedVersion {
  readonly place: number
  readonly uid: string
  readonly deleted: boolean
  readonly count: number
  readonly mark: string | undefined
}

export const gatedVersions = ({ happened }: Timeline): readonly GatedVersion[] => {
  const versions: (GatedVersion & { readonly owners: readonly string[] })[] = []
  for (const [place, entry] of happened.entries()) {
    if (entry.what !== 'stored' || entry.resource !== 'deployments' || entry.object.metadata.name !== gated) continue
    const { deleted, object } = entry
    const owners = ownersIn(object, 'f:replicas')
    const mark = owners.find(owner => isMark(owner) && versions.at(-1)?.owners.includes(owner) !== true)
    const count = Number(at(object, 'spec', 'replicas'))
    versions.push({ place, uid: object.metadata.uid, deleted, count, owners, mark: deleted ? undefined : mark })
  }
  return versions
}

/** A step of a delivery, as the record of its hook has it. */
export interface Run {
  /** The hook, and its uid. */
  readonly hook: string
  readonly uid: string
  readonly key: string
  readonly from: number
  readonly to: number
  /** Where the record said so first, and where the write of it was stored. */
  readonly place: number
  readonly stored: number
  /** The mark of the write, and the uid of its object. Undefined: nobody claimed it, because the steps of a write cancelled out. */
  readonly claim: { readonly mark: string; readonly object: string } | undefined
}

/** What the records of these hooks say. */
export interface Recorded {
  /** The steps that are stored, or cancelled out. */
  readonly runs: readonly Run[]
  /** Where it was stored that a delivery was skipped, and why, by hook and key. */
  readonly skips: ReadonlyMap<string, { readonly place: number; readonly reason: string }>
}

export const recordedIn = (timeline: Timeline, names: readonly string[]): Recorded => {
  const { happened, hooks } = timeline
  const owners = new Map<string, string>(
    names.flatMap(name => (hooks.get(name) ?? []).map(({ uid }) => [uid, name] as const)),
  )
  const marked = new Map(
    gatedVersions(timeline).flatMap(({ mark, place }) => (mark === undefined ? [] : [[mark, place] as const])),
  )
  const claimed = new Map<string, Run[]>()
  const seen = new Set<string>()
  const others = new Map<string, Run>()
  const skips = new Map<string, { readonly place: number; readonly reason: string }>()
  for (const [place, entry] of happened.entries()) {
    const object = recordIn(entry)
    const uid = object?.metadata.ownerReferences?.[0]?.uid ?? ''
    const hook = owners.get(uid)
    if (!object || hook === undefined) continue
    const now = new Map<string, Run[]>()
    for (const { at: decidedAt, claim, from, key, reason, state, to } of rowsIn(object['content'])) {
      const name = `${uid} ${key}`
      if (state === 'skipped' && !skips.has(name)) skips.set(name, { place, reason: reason ?? '' })
      if (from === undefined || to === undefined) continue
      const stored = (claim && marked.get(claim.mark)) ?? place
      const run = { hook, uid, key, from, to, place, stored, claim: claim && { mark: claim.mark, object: claim.uid } }
      const decided = `${name} ${decidedAt} ${from} ${to}`
      if (claim) {
        // It is the same claim in each version of the record from the first one on.
        const before = claimed
          .get(claim.mark)
          ?.find(other => other.key === key && other.from === from && other.to === to)
        listIn(now, claim.mark).push(before ?? run)
        seen.add(decided)
      } else if (state === 'done' && from !== to && !seen.has(decided) && !others.has(decided) && !isPage(object))
        others.set(decided, run)
    }
    for (const [mark, runs] of now) claimed.set(mark, runs)
  }
  const made = [...marked.keys()].flatMap(mark => claimed.get(mark) ?? [])
  return { runs: [...made.filter(({ from, to }) => from !== to), ...others.values()], skips }
}

export const recordIn = (entry: Timeline['happened'][number]): StoredObject | undefined =>
  entry.what === 'let go' || (entry.what === 'stored' && entry.resource === recordPlural) ? entry.object : undefined

export const needsApproval = ({ object }: HookVersion): boolean => at(object, 'spec', 'approval') !== undefined
