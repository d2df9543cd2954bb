import { at, isObject, stringAt } from '../../../src/api/json.ts'
import { recordPlural } from '../../../src/api/record.ts'
import type { Happened, Violation } from '../happened.ts'
import { openActsIn } from '../world/jobs.ts'
import { passOn } from '../world/passing.ts'
import { shop } from '../world/paths.ts'
import { clocksJump } from './executed.ts'
import { isOfLeft } from './jobs.ts'
import type { Story, Timeline } from './timeline.ts'

type PassedOn = Extract<Happened, { what: 'passed on' }> & { readonly place: number }

/**
 * Posts that are passed on to a Service. Only an address is dialled that the Service had, as the one that was checked. All tries of a
 * delivery have one idempotency key, and no two deliveries have the same. No request has a token. What is answered is so.
 */
export const checkPassed = (timeline: Timeline): readonly Violation[] => {
  if (timeline.passes.length === 0) return []
  const requests = timeline.happened.flatMap((entry, place) =>
    entry.what === 'passed on' ? [{ ...entry, place }] : [],
  )
  const keys = keysIn(timeline)
  return [
    ...requests.flatMap(request => elsewhere(timeline, request)),
    ...requests.flatMap(({ headers, place }) => {
      const isOurs = headers['receiver-hook'] === `${shop}/${passOn}` && headers['authorization'] === undefined
      return isOurs ? [] : [broken(`request ${place} was passed on with the headers ${JSON.stringify(headers)}`)]
    }),
    ...(clocksJump(timeline) ? [] : renamed(requests, keys)),
    ...timeline.passes.flatMap(story => untrue(timeline, story, requests, keys)),
  ]
}

const broken = (why: string, promise = 'forward'): Violation => ({ promise, why })

/** The deliveries of acts: the uid of the hook and the key of the delivery, by the act's id. */
const keysIn = ({ happened }: Timeline): ReadonlyMap<string, string> => {
  const keys = new Map<string, string>()
  for (const entry of happened) {
    if (entry.what !== 'stored' || entry.resource !== recordPlural) continue
    const uid = entry.object.metadata.ownerReferences?.[0]?.uid ?? ''
    for (const [id, key] of openActsIn(entry.object)) keys.set(id, `${uid} ${key}`)
  }
  return keys
}

/** How long the read of the Service may take that a request is based on, in milliseconds, and the way of the answer. */
const readForMs = 1_100

/** A request to an address that its Service did not have when it was read. */
const elsewhere = (
  { happened }: Timeline,
  { at: dialled, host, place, process, status }: PassedOn,
): readonly Violation[] => {
  if (status !== undefined) return []
  // A process may stand still between the read and the request.
  const stoodStill = happened
    .slice(0, place)
    .some(entry => entry.what === 'world' && entry.did.startsWith(`${process} stands still`))
  if (stoodStill) return []
  const versions = happened.slice(0, place).filter(entry => entry.what === 'stored' && entry.resource === 'services')
  const had = versions.some((version, index) => {
    const next = versions[index + 1]
    return takes(version, host) && (next === undefined || next.at >= dialled - readForMs)
  })
  return had ? [] : [broken(`${process} passed a post on to ${host}, which is not the address of the Service`)]
}

const takes = (entry: Happened, host: string): boolean => {
  if (entry.what !== 'stored' || entry.deleted) return false
  const selector = at(entry.object, 'spec', 'selector')
  return (
    `${stringAt(entry.object, 'spec', 'clusterIP')}` === host.replace(/:80$/, '') &&
    stringAt(entry.object, 'spec', 'type') !== 'ExternalName' &&
    isObject(selector) &&
    Object.keys(selector).length > 0
  )
}

/** A delivery that was passed on with two keys, or a key that no record shows. */
const renamed = (requests: readonly PassedOn[], keys: ReadonlyMap<string, string>): readonly Violation[] => {
  const ids = new Map<string, string>()
  return requests.flatMap(({ headers }): readonly Violation[] => {
    const id = headers['idempotency-key'] ?? ''
    const delivery = keys.get(id)
    if (delivery === undefined) return [broken(`a post was passed on with the key ${id}, which is of no act`)]
    const other = ids.get(delivery) ?? id
    ids.set(delivery, other)
    return other === id ? [] : [broken(`the delivery ${delivery} was passed on with the keys ${other} and ${id}`)]
  })
}

const untrue = (
  timeline: Timeline,
  story: Story,
  requests: readonly PassedOn[],
  keys: ReadonlyMap<string, string>,
): readonly Violation[] => {
  const { answer, arrived, ended, post } = story
  if (answer === undefined || answer === 'no answer') {
    return post.healed && answer !== undefined
      ? [broken(`post ${post.id} got no answer, when all was well`, 'liveness')]
      : []
  }
  const { outcome, reason } = answer.body
  const isLater = (later: Story): boolean =>
    later.arrived > arrived &&
    later.post.delivery === post.delivery &&
    later.answer !== undefined &&
    later.answer !== 'no answer' &&
    later.answer.status === 200
  // What a process has left when it crashed, others take up once they have seen it for a while.
  const isHeld = isOfLeft(reason) && timeline.passes.some(isLater)
  if (post.healed && answer.status !== 200 && !isHeld) {
    return [broken(`post ${post.id} to ${post.hook} got ${reason}, when all was well`, 'liveness')]
  }
  const got = (isMeant: (status: number) => boolean): boolean =>
    requests.some(({ headers, place, status }) => {
      const isIts =
        post.key === undefined
          ? place > arrived
          : keys.get(headers['idempotency-key'] ?? '') === `${post.uid} ${post.key}`
      return isIts && place < ended && status !== undefined && isMeant(status)
    })
  if (outcome === 'applied' && !got(status => status >= 200 && status < 300)) {
    return [broken(`post ${post.id} was answered ${reason}, and the Service has not taken it`)]
  }
  if (reason === 'ServiceAnswered' && !got(status => status >= 300 && status < 500)) {
    return [broken(`post ${post.id} was answered ${reason}, and the Service did not refuse it`)]
  }
  return []
}
