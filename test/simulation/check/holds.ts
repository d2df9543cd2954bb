import { at, stringAt } from '../../../src/api/json.ts'
import type { Violation } from '../happened.ts'
import { isStepping } from '../world/held.ts'
import { deletedAt } from './deleted.ts'
import { clocksJump } from './executed.ts'
import {
  claimedHolds,
  heldFields,
  heldVersions,
  type ClaimedHold,
  type HeldFieldName,
  type HeldVersion,
  type Value,
} from './held-versions.ts'
import { hasForgotten } from './model.ts'
import { mayGoBy, type HookVersion, type Story, type Timeline } from './timeline.ts'

/** Who holds a field at a value: a step of a hook that its record has claimed. */
interface Holder {
  readonly hook: string
  readonly key: string
  /** What its end takes back. */
  readonly group: string
  readonly value: string
  readonly until: number
  /** Where it began to. */
  readonly place: number
}

/** A field of one Deployment, from version to version. */
interface Field {
  readonly holders: readonly Holder[]
  /** What hooks have switched it to, and what was there before. Undefined while it is as others have it. */
  readonly switched: { readonly at: Value; readonly was: Value } | undefined
  /** What somebody else has last said. */
  readonly word: Value
}

/** The fields after a version, and what is wrong with it. */
interface State {
  readonly version: HeldVersion
  readonly fields: Readonly<Record<HeldFieldName, Field>>
}

/** What a history says once its time of faults is over. */
const healedNote = 'the time of trouble is over'

/** What a history is judged by. */
interface Held {
  readonly claims: ReadonlyMap<string, readonly ClaimedHold[]>
  /** The hooks of which steps and ends were decided together, and needed no write. */
  readonly cancelled: ReadonlySet<string>
  readonly states: readonly State[]
}

/** How late an end may be at the last look, when all is well, in milliseconds. */
const lateMs = 7000

/**
 * Promise 13: a field is on, or at the highest value held, while anybody holds it and nobody else has spoken; it is switched back once,
 * by the last; then it is what was there, or what others have said since. Who holds it is found by the stored versions of the object,
 * and by which of their writes the records have claimed: what the object itself says of its holders is not believed.
 */
export const checkHolds = (timeline: Timeline): readonly Violation[] => {
  if (timeline.holds.length === 0) return []
  const { cancelled, claims } = claimedHolds(timeline)
  const found: Violation[] = []
  const broken = (why: string, promise = '13'): void => void found.push({ promise, why })
  const states: State[] = []
  for (const version of heldVersions(timeline)) {
    const last = states.at(-1)
    const before = last?.version.uid === version.uid ? last : undefined
    const wrong = (why: string): void => broken(`version ${version.version}: ${why}`)
    states.push(
      version.by && before ? written(timeline, before, version, { cancelled, claims, wrong }) : spoken(before, version),
    )
  }
  if (!hasForgotten(timeline)) for (const why of notOver(timeline, states.at(-1))) broken(why)
  const held = { cancelled, claims, states }
  for (const why of twice(timeline, held)) broken(why, '4')
  for (const why of unstored(timeline, held)) broken(why, '3')
  return [...found, ...timeline.holds.flatMap(story => untrue(timeline, story, held))]
}

/** What a patch sets a field to, by who holds it. Undefined: it leaves the field to others. */
const inForce = (name: HeldFieldName, { holders }: Field, was: Value): Value | 'was' | 'nothing' => {
  if (holders.length === 0) return 'nothing'
  if (name === 'paused') return true
  const numbers = holders.flatMap(({ value }) => (value === 'base' ? [] : [Number(value)]))
  const highest = Math.max(...numbers)
  const isBase = holders.some(({ value }) => value === 'base') && Number(was ?? Infinity) >= highest
  return isBase || numbers.length === 0 ? 'was' : highest
}

interface Judging extends Pick<Held, 'cancelled' | 'claims'> {
  readonly wrong: (why: string) => void
}

/** The fields after a write of somebody else. */
const spoken = (before: State | undefined, version: HeldVersion): State => {
  const after = (name: HeldFieldName): Field => {
    const [known, now] = [before?.fields[name], version.fields[name]]
    const was = before?.version.fields[name]
    const isWord = !was || now.value !== was.value || now.others.some(owner => !was.others.includes(owner))
    if (!known || !isWord) return known ?? { holders: [], switched: undefined, word: now.value }
    // While nothing is switched, others move the field freely, and who keeps it awake goes on.
    return { holders: known.switched ? [] : known.holders, switched: undefined, word: now.value }
  }
  return { version, fields: { replicas: after('replicas'), paused: after('paused') } }
}

/** The fields after a write of the product. */
const written = (timeline: Timeline, before: State, version: HeldVersion, judging: Judging): State => {
  const { wrong } = judging
  const changed = heldFields.filter(name => before.version.fields[name].value !== version.fields[name].value)
  if (version.by === 'scale') {
    if (before.fields.replicas.switched && changed.length > 0) wrong('a step has changed a count that is held')
    return { version, fields: before.fields }
  }
  const rows = judging.claims.get(version.mark) ?? []
  const way = /spec\.(replicas|paused)=(\S+)$/.exec(rows[0]?.row.claim.target ?? '')
  const name = heldFields.find(each => each === way?.[1])
  if (name === undefined || way?.[2] === undefined) {
    const isFence = version.mark.startsWith('receiver-hooks.fence.') && changed.length === 0
    if (!isFence) wrong(`no record has claimed ${version.mark}`)
    return { version, fields: before.fields }
  }
  if (changed.some(each => each !== name)) wrong(`${version.mark} holds ${name}, and changes more than that`)
  const after = heldAfter(timeline, before, { name, place: version.place, value: way[2] }, rows, judging)
  if (version.fields[name].value !== after.value) {
    const holders = after.field.holders.map(({ value }) => value).join(', ')
    wrong(
      `${name} went from ${before.version.fields[name].value} to ${version.fields[name].value}, and should be ${after.value}: held at ${holders}`,
    )
  }
  return { version, fields: { ...before.fields, [name]: after.field } }
}

/** A field after a patch of its holders, and its value then. */
const heldAfter = (
  timeline: Timeline,
  before: State,
  { name, place, value }: { readonly name: HeldFieldName; readonly place: number; readonly value: string },
  rows: readonly ClaimedHold[],
  judging: Judging,
): { readonly field: Field; readonly value: Value } => {
  const known = before.fields[name]
  const now = before.version.fields[name].value
  const holders = changedBy(timeline, known.holders, { value, place }, rows, judging)
  const numberOf = (all: readonly Holder[]): number => all.filter(each => each.value === value).length
  const to = rows[0]?.row.claim.to
  if (numberOf(holders) !== to)
    judging.wrong(
      `${to} should hold ${name} at ${value}, and ${numberOf(holders)} do, of ${numberOf(known.holders)} before`,
    )
  const was = known.switched ? known.switched.was : now
  const field = { ...known, holders }
  const wanted = inForce(name, field, was)
  if (wanted === 'nothing' || wanted === 'was') return { field: { ...field, switched: undefined }, value: was }
  // What waited and is there already, by somebody else's word, is over.
  if (!known.switched && wanted === now) {
    if (holders.length > known.holders.length) judging.wrong(`${name} is held at ${wanted}, which it was already`)
    return { field: { ...field, holders: [] }, value: now }
  }
  return { field: { ...field, switched: { at: wanted, was } }, value: wanted }
}

/** The holders after a write: those of its posts in addition, and without those that it ends. */
const changedBy = (
  timeline: Timeline,
  before: readonly Holder[],
  on: Pick<Holder, 'place' | 'value'>,
  rows: readonly ClaimedHold[],
  { cancelled, wrong }: Judging,
): readonly Holder[] => {
  const { value } = on
  let holders = before
  for (const { hook, row } of rows) {
    const { at: decidedAt, ends, from = 0, group = '', key, leases, to = 0, undoes } = row
    if (to > from) {
      const until = leases?.until ?? Infinity
      holders = [...holders, ...Array.from({ length: to - from }, () => ({ ...on, hook, key, group, until }))]
      continue
    }
    const part = ends ?? group
    const isOf = (holder: Holder): boolean =>
      holder.hook === hook &&
      holder.value === value &&
      (cancelled.has(hook) || holder.group === part || part.endsWith(` ${holder.group}`))
    const ended = holders
      .filter(isOf)
      .toSorted((a, b) => a.until - b.until)
      .slice(0, from - to)
    if (ended.length < from - to) wrong(`${key} ends ${from - to} holds of ${part}, of which there are ${ended.length}`)
    const latest = Math.max(...ended.map(({ until }) => until))
    const isEarly = ends !== undefined && decidedAt < latest && !cancelled.has(hook)
    if (isEarly && !mayEndEarly(timeline, hook, on.place))
      wrong(`${key} ends ${value} ${latest - decidedAt} ms before its time`)
    holders = holders.filter(holder => !ended.includes(holder))
    if (undoes === undefined) wrong(`${key} takes back what it does not know of`)
  }
  return holders
}

/** Whether what a hook holds may have ended before its time at a place: the hook was deleted, or has said so. */
const mayEndEarly = (timeline: Timeline, hook: string, place: number): boolean =>
  deletedAt(timeline, hook) < place ||
  versionsOf(timeline, hook).some(
    ({ object, place: since }) => since < place && at(object, 'spec', 'endBefore') !== undefined,
  )

const versionsOf = ({ hooks }: Timeline, uid: string) =>
  [...hooks.values()].flat().filter(version => version.uid === uid)

/** What is held at last, though its time is over, and what is not as others have last said. */
const notOver = (timeline: Timeline, last: State | undefined): readonly string[] => {
  if (!last || last.version.deleted || clocksJump(timeline)) return []
  const post = timeline.happened.findLast(entry => entry.what === 'post')
  const wall = post?.what === 'post' ? post.wall - post.at + (timeline.happened.at(-1)?.at ?? 0) : 0
  const over = timeline.happened.findIndex(entry => entry.what === 'world' && entry.did === healedNote)
  return heldFields.flatMap(name => {
    const { holders, word } = last.fields[name]
    // From then on each hook has an `endBefore`.
    const isLate = ({ place, until }: Holder): boolean => place < over || until < wall - lateMs
    const late = holders.filter(isLate)
    const { value } = last.version.fields[name]
    if (late.length > 0)
      return [`${late.map(holder => `${holder.key} of ${holder.hook}`).join(', ')} still hold ${name}`]
    if (holders.length > 0 || value === word || (name === 'replicas' && isStepped(timeline, wall))) return []
    return [`nobody holds ${name} any more, it is ${value}, and others have last said ${word}`]
  })
}

/** Returns whether what a step has leased of the count may still be open. A report that repeats moves its end. */
const isStepped = ({ holds }: Timeline, wall: number): boolean =>
  holds.some(({ answer, post }) => {
    const until = answer === undefined || answer === 'no answer' ? undefined : stringAt(answer.body, 'until')
    return isStepping(post.hook) && until !== undefined && Date.parse(until) > wall - lateMs
  })

/** A delivery that names itself and has made more than one write. */
const twice = (timeline: Timeline, { claims, states }: Held): readonly string[] => {
  const stored = new Set(states.map(({ version }) => version.mark))
  const named = new Set(
    timeline.holds.flatMap(({ post }) =>
      post.alert === undefined && post.key !== undefined ? `${post.uid} ${post.key}` : [],
    ),
  )
  const marks = new Map<string, string>()
  return [...claims].flatMap(([mark, rows]) =>
    rows.flatMap(({ hook, row: { from, key, to } }) => {
      const name = `${hook} ${key}`
      if (!stored.has(mark) || !named.has(name) || from === to) return []
      const before = marks.get(name)
      marks.set(name, mark)
      return before === undefined ? [] : [`${key} has counted twice, by ${before} and by ${mark}`]
    }),
  )
}

/** An answer that is not so. */
const untrue = (timeline: Timeline, story: Story, { claims, states }: Held): readonly Violation[] => {
  const { answer, arrived, ended, post } = story
  const broken = (promise: string, why: string): readonly Violation[] => [
    { promise, why: `post ${post.id} (${post.delivery}) to ${post.hook} ${why}` },
  ]
  if (answer === undefined) return []
  if (answer === 'no answer') return post.healed ? broken('liveness', 'got no answer, when all was well') : []
  const { outcome, reason } = answer.body
  if (post.healed && answer.status !== 200) return broken('liveness', `got ${reason}, when all was well`)
  if (reason === 'AlreadySo') {
    const last = states.findLastIndex(({ version }) => version.place <= arrived)
    const seen = states.slice(Math.max(0, last)).filter(({ version }) => version.place <= ended)
    const hooks = mayGoBy(timeline, story, arrived, ended).filter(({ uid }) => uid === post.uid)
    const isSo = hooks.some(hook => seen.some(state => isAlreadySo(state, hook)))
    return isSo ? [] : broken('13', 'was answered AlreadySo, and it was not')
  }
  if (outcome !== 'applied' || post.key === undefined || post.kind === 'resolved') return []
  const isStored = states.some(
    ({ version }) =>
      version.place < ended &&
      claims.get(version.mark)?.some(({ hook, row }) => hook === post.uid && row.key === post.key) === true,
  )
  // An end and it may have cancelled out.
  const isRecorded = [...timeline.rows].some(row => row.startsWith(`${post.uid} ${post.key} `))
  return isStored || isRecorded ? [] : broken('3', `was answered ${reason}, and no such write is stored`)
}

/** Whether what a hook would hold is there by somebody else's word. */
const isAlreadySo = ({ fields, version }: State, { object }: HookVersion): boolean => {
  const to: unknown = at(object, 'spec', 'hold', 'to')
  const value = typeof to === 'string' || typeof to === 'number' ? String(to) : undefined
  const name = value === undefined ? 'paused' : 'replicas'
  const now = version.fields[name].value
  const one = { hook: '', key: '', group: '', value: value ?? 'true', until: 0, place: 0 }
  const field = { ...fields[name], holders: [...fields[name].holders, one] }
  return !field.switched && inForce(name, field, now) === now
}

/** The answers that say applied, to posts without a name, of which there are more than stored steps. */
const unstored = (timeline: Timeline, { cancelled, claims, states }: Held): readonly string[] => {
  const stored = new Set(states.map(({ version }) => version.mark))
  const made = [...claims].flatMap(([mark, rows]) => (stored.has(mark) ? rows : []))
  const uids = new Set(timeline.holds.map(({ post }) => post.uid))
  return [...uids].flatMap(uid => {
    const applied = timeline.holds.filter(
      ({ answer, post }) => post.uid === uid && post.key === undefined && at(answer, 'body', 'outcome') === 'applied',
    )
    const steps = made.filter(
      ({ hook, row }) =>
        hook === uid && row.ends === undefined && row.undoes === undefined && row.key.startsWith(row.claim.mark),
    )
    return applied.length <= steps.length || cancelled.has(uid)
      ? []
      : [`${applied.length} posts without a name to ${uid} were applied, and ${steps.length} are stored`]
  })
}
