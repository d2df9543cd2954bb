import { at, stringAt, tryParseJson } from '../../../src/api/json.ts'
import type { SettlementState } from '../../../src/api/settlement.ts'
import type { StoredObject } from '../../../src/api/object.ts'
import { countsAnnotation } from '../../../src/steps/target/histories.ts'
import { markAnnotation } from '../../../src/steps/target/via-object.ts'
import { keySetEntry, publicKeysConfigMap } from '../../../src/token/published.ts'
import { stopIn, type Stop } from '../../../src/token/stop.ts'
import type { TriggerAnswer } from '../../../src/trigger/answer.ts'
import type { Happened, Post } from '../happened.ts'
import { rowsIn } from '../rows.ts'
import type { Followed } from '../messages.ts'
import { gated, namesOfApprovals } from '../world/approvals.ts'
import { namesOfHolds, night } from '../world/held.ts'
import { namesOfJobHooks } from '../world/job-hooks.ts'
import { passOn } from '../world/passing.ts'
import { wordIn } from '../world/secrets.ts'
import { pushIn, site, siteHooks, templateOf } from '../world/workload.ts'

/**
 * A history, sorted for the checks. Every moment is a place in the list of what happened: of two events of one
 * millisecond that still says which was first.
 */
export interface Timeline {
  readonly stories: readonly Story[]
  /**
   * Posts to a hook that counts, whose answer has the outcome of the delivery. Such an answer does not say when the delivery was
   * decided, nor by which post. So these have no answer in `stories`, and those that asked about a skipped one are copies of it.
   */
  readonly asked: readonly Story[]
  /** Those of the hooks that roll out, which no step follows from. */
  readonly acts: readonly Story[]
  /** Those of the hooks that run Jobs. */
  readonly jobs: readonly Story[]
  /** Those of the hook that passes posts on. */
  readonly passes: readonly Story[]
  /** Those of the hooks that hold fields of a Deployment, and of the one that steps its count. */
  readonly holds: readonly Story[]
  /** Those of the hooks that people ask to run. */
  readonly gated: readonly Story[]
  /** The Deployment that they roll out. */
  readonly workload: readonly WorkloadVersion[]
  readonly hooks: ReadonlyMap<string, readonly HookVersion[]>
  readonly targets: ReadonlyMap<string, readonly TargetVersion[]>
  /** The accounts as which hooks act, by name. */
  readonly accounts: ReadonlyMap<string, readonly AccountVersion[]>
  /** What such accounts may do. */
  readonly rights: readonly RightsVersion[]
  /** The requests that were made as such an account. */
  readonly acted: readonly { readonly place: number; readonly process: string; readonly as: string }[]
  /** As whom marked writes were sent first, by their marks. Those that are not here were sent as the process itself. */
  readonly senders: ReadonlyMap<string, string>
  /** The Secrets of `auth`. */
  readonly secrets: ReadonlyMap<string, readonly SecretVersion[]>
  /** By mark. A fold is made again if another write of the record was first. */
  readonly folds: ReadonlyMap<string, readonly Fold[]>
  /** By mark: the named steps in it, and those of hooks with a cooldown, as the records show. */
  readonly claims: ReadonlyMap<string, readonly ClaimedStep[]>
  /** The rows of records that were done without ever having been a claim: hook, key, from and to. */
  readonly rows: ReadonlySet<string>
  /** The sets of public keys. */
  readonly keys: readonly KeySet[]
  /** Each process's reads of the keys of the issuer of ID tokens, one after another. */
  readonly keyReads: ReadonlyMap<string, readonly KeyRead[]>
  readonly knowledge: ReadonlyMap<string, Readonly<Record<Followed, Knowledge>>>
  readonly happened: readonly Happened[]
}

/** A post, from its arrival at a process to its answer, or to the end of that process. */
export interface Story {
  readonly post: Post
  readonly arrived: number
  readonly arrivedAt: number
  /** When its answer left, or when it was sure that none would. */
  readonly ended: number
  readonly endedAt: number
  /** Undefined where the process did not live to answer. */
  readonly answer: TriggerAnswer | undefined
  /** The wall clock of the process at both ends, whichever is earlier, and whichever is later. */
  readonly wall: number
  readonly latestWall: number
}

export interface HookVersion {
  readonly place: number
  readonly version: number
  readonly uid: string
  readonly deleted: boolean
  readonly object: StoredObject
}

export interface TargetVersion {
  readonly place: number
  readonly version: number
  readonly uid: string
  readonly deleted: boolean
  readonly count: number
  /** As whom it was written. Undefined: as the process itself. */
  readonly as?: string
  /** The field managers that own the count; of a custom resource, its mark. */
  readonly owners: readonly string[]
  /** Of a custom resource: the field managers that own its count, and what its annotation says of it. */
  readonly fleet?: { readonly managers: readonly string[]; readonly said: boolean }
}

export interface AccountVersion {
  readonly place: number
  readonly deleted: boolean
}

export interface RightsVersion {
  readonly place: number
  readonly user: string
  readonly may: boolean
}

export interface WorkloadVersion {
  readonly place: number
  readonly version: number
  /** The process that wrote it; undefined where somebody outside of the product did. */
  readonly by: string | undefined
  /** Which push it runs, by its tag, and what its last restart was. */
  readonly push: number
  readonly restarted: string
  readonly replicas: number
  readonly template: string
}

export interface SecretVersion {
  readonly place: number
  /** Empty where the Secret is gone, or holds none. */
  readonly word: string
}

/** A version of the set of public keys. */
export interface KeySet {
  readonly place: number
  readonly version: number
  readonly kids: ReadonlySet<string>
  /** Present while all hooks are stopped. */
  readonly stop: Stop | undefined
}

/** A read of the keys of the issuer of ID tokens by a process. */
export interface KeyRead {
  readonly beganAt: number
  /** Infinity while it goes on. */
  readonly ended: number
  readonly endedAt: number
  /** The ids of the keys; undefined if it gave no key set. */
  readonly kids: ReadonlySet<string> | undefined
  /** Whether it gave no key. */
  readonly failed: boolean
}

/** A marked write, when it was folded. */
export interface Fold {
  readonly place: number
  readonly process: string
  readonly target: string
  readonly mark: string
  readonly version: string
  readonly to: number
}

/** A step of a delivery that its hook's record knows. */
export interface ClaimedStep {
  /** The hook. */
  readonly uid: string
  /** The delivery's; or, where it has no name, the mark, and which of its rows it is. */
  readonly key: string
  readonly from: number
  readonly to: number
  /** Whether a lease ended with it, so that no post asked for it. */
  readonly isEnd: boolean
  /** Whether it took something back. */
  readonly isUndo: boolean
}

/** What a process has received of hooks, or of the keys. */
export interface Knowledge {
  /** All versions up to this one, from this place on. */
  readonly heard: { readonly place: number; readonly version: number }[]
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] }

export const timelineOf = (happened: readonly Happened[]): Timeline => {
  const stories = new Map<number, Writable<Story>>()
  const workload: Writable<WorkloadVersion>[] = []
  const hooks = new Map<string, HookVersion[]>()
  const targets = new Map<string, Writable<TargetVersion>[]>()
  const accounts = new Map<string, AccountVersion[]>()
  const rights: RightsVersion[] = []
  const senders = new Map<string, string>()
  const sentPlainly = new Set<string>()
  const acted: { place: number; process: string; as: string }[] = []
  const secrets = new Map<string, SecretVersion[]>()
  const folds = new Map<string, Fold[]>()
  const claims = new Map<string, readonly ClaimedStep[]>()
  const claimed = new Set<string>()
  const rows = new Set<string>()
  const keys: KeySet[] = []
  const keyReads = new Map<string, Writable<KeyRead>[]>()
  const knowledge = new Map<string, Record<Followed, Knowledge>>()
  const last = happened.at(-1)?.at ?? 0

  for (const [place, entry] of happened.entries()) {
    switch (entry.what) {
      case 'post': {
        const { post, wall } = entry
        const open = { ended: happened.length, endedAt: last, answer: undefined }
        stories.set(post.id, { post, arrived: place, arrivedAt: entry.at, wall, latestWall: wall, ...open })
        break
      }
      case 'answer': {
        const story = stories.get(entry.post)
        if (!story) throw new Error(`post ${entry.post} was answered before it arrived`)
        story.answer = entry.answer
        story.ended = place
        story.endedAt = entry.at
        story.wall = Math.min(story.wall, entry.wall)
        story.latestWall = Math.max(story.latestWall, entry.wall)
        break
      }
      case 'crash':
      case 'end':
        for (const story of stories.values()) {
          if (story.post.process !== entry.process || story.ended !== happened.length) continue
          story.ended = place
          story.endedAt = entry.at
        }
        break
      case 'stored': {
        const { deleted, object, resource } = entry
        const { name, resourceVersion, uid } = object.metadata
        const common = { place, version: Number(resourceVersion), uid, deleted }
        if (resource === 'receiverhooks') listIn(hooks, name).push({ ...common, object })
        if (resource === 'deployments' && name === site) workload.push({ ...common, ...workloadIn(object) })
        else if ((resource === 'deployments' && name !== night && name !== gated) || resource === 'fleets')
          listIn(targets, name).push({ ...common, ...countIn(resource, object) })
        if (name === publicKeysConfigMap)
          keys.push({
            ...common,
            kids: kidsIn(object),
            stop: deleted ? undefined : stopIn(object.metadata.annotations),
          })
        if (resource === 'serviceaccounts') listIn(accounts, name).push({ place, deleted })
        if (resource === 'secrets') listIn(secrets, name).push({ place, word: deleted ? '' : wordIn(object) })
        if (resource === 'receiverhookrecords') readRecord(object, claims, claimed, rows)
        break
      }
      case 'let go':
        readRecord(entry.object, claims, claimed, rows)
        break
      case 'folded':
        listIn(folds, entry.mark).push({ place, ...entry })
        break
      case 'start':
        knowledge.set(entry.process, { hooks: { heard: [] }, keys: { heard: [] } })
        break
      case 'heard':
        knowledge.get(entry.process)?.[entry.of].heard.push({ place, version: entry.version })
        break
      case 'written': {
        const written = workload.at(-1)
        // It was stored at this very moment.
        const isIts = entry.changed && entry.asked.endsWith(`/deployments/${site}`)
        if (isIts && written) written.by = entry.process
        const ofTarget = /[/](?:deployments|fleets)[/]([^/]+)/.exec(entry.asked)?.[1] ?? ''
        const target = targets.get(ofTarget)?.at(-1)
        if (entry.changed && target && entry.as !== undefined) target.as = entry.as
        break
      }
      case 'acted':
        acted.push({ place, ...entry })
        if (entry.mark !== undefined && !senders.has(entry.mark) && !sentPlainly.has(entry.mark))
          senders.set(entry.mark, entry.as)
        break
      case 'issuer asked':
        readKeys(listIn(keyReads, entry.process), entry, place)
        break
      case 'rights':
        rights.push({ place, ...entry })
        break
      case 'request': {
        // Who helps with a claim may act as an account that its hook has got since the write was first sent.
        const mark = /^PATCH .*[?&]fieldManager=([^&]+)/.exec(entry.asked)?.[1]
        if (mark !== undefined && !senders.has(mark)) sentPlainly.add(mark)
        break
      }
      case 'act sent':
      case 'set back':
      case 'world':
      case 'log':
      case 'passed on':
      case 'broken':
    }
  }
  const all = [...stories.values()]
  const isAct = ({ post }: Story): boolean => siteHooks.some(({ metadata: { name } }) => name === post.hook)
  const runsJobs = ({ post }: Story): boolean => namesOfJobHooks.includes(post.hook)
  const passes = ({ post }: Story): boolean => post.hook === passOn
  const holds = ({ post }: Story): boolean => namesOfHolds.includes(post.hook)
  const isGated = ({ post }: Story): boolean => namesOfApprovals.includes(post.hook)
  const isOther = (story: Story): boolean =>
    isAct(story) || runsJobs(story) || passes(story) || holds(story) || isGated(story)
  const counting = all.filter(story => !isOther(story))
  return {
    stories: counting.map(withoutOutcome),
    asked: counting.filter(story => stateIn(story) !== undefined),
    acts: all.filter(isAct),
    jobs: all.filter(runsJobs),
    passes: all.filter(passes),
    holds: all.filter(holds),
    gated: all.filter(isGated),
    workload,
    hooks,
    targets,
    accounts,
    rights,
    acted,
    senders,
    secrets,
    folds,
    claims,
    rows,
    keys,
    keyReads,
    knowledge,
    happened,
  }
}

/** Adds a request to the issuer to the reads of a process: the first of a read begins it, and keys or a failure end it. */
const readKeys = (
  reads: Writable<KeyRead>[],
  { at, got }: Extract<Happened, { what: 'issuer asked' }>,
  place: number,
): void => {
  const last = reads.at(-1)
  if (got === undefined) {
    if (!last || last.ended !== Infinity)
      reads.push({ beganAt: at, ended: Infinity, endedAt: Infinity, kids: undefined, failed: false })
  } else if (last && got !== 'description') {
    const kids = got === 'nothing' ? undefined : new Set(got)
    Object.assign(last, { ended: place, endedAt: at, kids, failed: !kids?.size })
  }
}

/** Returns the outcome that a post got which waited. */
export const stateIn = ({ answer }: Pick<Story, 'answer'>): SettlementState | undefined =>
  answer === undefined || answer === 'no answer' ? undefined : answer.body.state

const withoutOutcome = (story: Story): Story => {
  const { answer, post } = story
  if (stateIn(story) !== undefined) return { ...story, answer: 'no answer' }
  if (post.waitMs === undefined || answer === undefined || answer === 'no answer') return story
  const asksOnly = answer.body.message.startsWith('the same delivery was decided at ')
  return asksOnly ? { ...story, answer: { ...answer, body: { ...answer.body, reason: 'Duplicate' } } } : story
}

/** Takes from a version of a record the steps that are in progress, by the mark of their write, and those that are done. */
const readRecord = (
  record: StoredObject,
  claims: Map<string, readonly ClaimedStep[]>,
  claimed: Set<string>,
  done: Set<string>,
): void => {
  const found = new Map<string, ClaimedStep[]>()
  const uid = record.metadata.ownerReferences?.[0]?.uid ?? ''
  for (const { at, claim, ends, from, key, to, undoes } of rowsIn(record['content'])) {
    if (from === undefined || to === undefined) continue
    const row = `${uid} ${key} ${from} ${to}`
    const decided = `${row} ${at}`
    if (claim) {
      listIn(found, claim.mark).push({ uid, key, from, to, isEnd: ends !== undefined, isUndo: undoes !== undefined })
      claimed.add(decided)
    } else if (!claimed.has(decided)) done.add(row)
  }
  for (const [mark, steps] of found) claims.set(mark, steps)
}

export const listIn = <K, T>(lists: Map<K, T[]>, key: K): T[] => {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}

const countIn = (resource: string, object: StoredObject): Pick<TargetVersion, 'count' | 'owners' | 'fleet'> =>
  resource === 'fleets'
    ? {
        count: Number(at(object, 'spec', 'size') ?? 0),
        owners: [object.metadata.annotations?.[markAnnotation] ?? []].flat(),
        fleet: {
          managers: ownersIn(object, 'f:size'),
          said: object.metadata.annotations?.[countsAnnotation] !== undefined,
        },
      }
    : workloadCountIn(object)

const workloadCountIn = (object: StoredObject): Pick<TargetVersion, 'count' | 'owners'> => ({
  count: Number(at(object, 'spec', 'replicas') ?? 0),
  owners: ownersIn(object, 'f:replicas'),
})

export const ownersIn = (object: StoredObject, field: string): readonly string[] =>
  (object.metadata.managedFields ?? [])
    .filter(entry => at(entry, 'fieldsV1', 'f:spec', field) !== undefined)
    .map(entry => stringAt(entry, 'manager') ?? '')

const workloadIn = (object: StoredObject) => ({
  by: undefined,
  push: pushIn(object),
  restarted: String(at(object, 'spec', 'template', 'metadata', 'annotations', 'pushed.receiverhooks.dev/restarted.at')),
  replicas: Number(at(object, 'spec', 'replicas')),
  template: templateOf(object),
})

const kidsIn = (configMap: StoredObject): ReadonlySet<string> => {
  const keys = at(tryParseJson(stringAt(configMap, 'data', keySetEntry) ?? ''), 'keys')
  return new Set(Array.isArray(keys) ? keys.map(key => stringAt(key, 'kid') ?? '') : [])
}

/** Those of a list that were current at some moment from the version `since` on, up to a place. */
export const upTo = <T extends { readonly place: number }>(
  list: readonly T[],
  since: number,
  place: number,
): readonly T[] => list.slice(Math.max(0, since), list.findLastIndex(version => version.place <= place) + 1)

/** Which of a hook's versions was current at a place; -1 before the first. */
export const currentAt = (list: readonly { readonly place: number }[], place: number): number =>
  list.findLastIndex(version => version.place <= place)

/** How long after a change is stored a process may still go by what was before, in milliseconds: promise 5. */
const graceMs = 2000

/**
 * The versions of a post's hook that its process may go by at a place: those that were current two seconds before, or
 * later, also against its watch.
 */
export const mayGoBy = (
  timeline: Timeline,
  story: Pick<Story, 'post'>,
  place: number,
  until = place,
): readonly HookVersion[] => mayKnow(timeline, timeline.hooks.get(story.post.hook) ?? [], place, until)

/** The same, of any versions. */
export const mayKnow = <T extends { readonly place: number }>(
  { happened }: Timeline,
  versions: readonly T[],
  place: number,
  until: number,
  withinMs = graceMs,
): readonly T[] => {
  const now = happened[place]?.at ?? Infinity
  const since = versions.findLastIndex(candidate => (happened[candidate.place]?.at ?? 0) <= now - withinMs)
  return upTo(versions, since, until)
}
