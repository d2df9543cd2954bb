import type { Violation } from '../happened.ts'
import { usersOf } from './accounts.ts'
import { forOf, hasCooldown, hasLimits, targetOf } from './model.ts'
import { storedWrites, type Write } from './stored.ts'
import { currentAt, listIn, upTo, type Fold, type Story, type Timeline } from './timeline.ts'
import { walk, type Step } from './walk.ts'

/** A write, and the posts whose steps it holds, in an order that leads from the count before it to its own. */
export interface Explained extends Write {
  readonly steps: readonly Step[]
}

export interface Explanation {
  readonly explained: readonly Explained[]
  readonly cancelled: readonly Cancelled[]
  readonly violations: readonly Violation[]
}

/** Steps that cancelled one another out, so that no write was needed: up by two, and down by two. */
export interface Cancelled {
  readonly process: string
  readonly target: string
  /** When they were answered. */
  readonly place: number
  readonly steps: readonly Step[]
}

/**
 * Promises 1 and 3. Every marked write is made of the steps of posts that were answered 200, all of them, in some
 * order, of the deliveries that were claimed for it, and of any of those unnamed that got no answer. Of several ways to
 * explain one, the first is meant whose steps their hooks allow.
 */
export const explain = (timeline: Timeline, isAllowed: (write: Explained) => boolean): Explanation => {
  const { violations, writes } = storedWrites(timeline)
  const { applied, doubtful, loose, perhaps } = assign(timeline, writes)
  const found: Violation[] = [...violations]
  const chosen = new Map<Write, Way>()

  const silentOf = (write: Write, used: ReadonlySet<Story>): readonly Story[] =>
    (perhaps.get(write) ?? []).filter(story => !used.has(story))
  /** The posts that explain what has been explained, `except` one write. */
  const usedBy = (except?: Write): ReadonlySet<Story> =>
    new Set([...chosen].flatMap(([write, way]) => (write === except ? [] : storiesOf(way))))

  const explainOne = (write: Write, used: ReadonlySet<Story>): Way | undefined => {
    const doubts = (doubtful.get(write) ?? []).filter(({ stories }) => !stories.some(story => used.has(story)))
    let first: Way | undefined
    for (const some of doubts.length > 6 ? longParts(write, doubts) : subsets(doubts)) {
      const answered = [...(applied.get(write) ?? []), ...some]
      const way = explainWith(timeline, write, answered, silentOf(write, used), isAllowed)
      if (way && isAllowed(way.write)) return way
      first ??= way
    }
    return first
  }
  /** Another write may have been explained by the post of this one: both are explained again, this one first. */
  const explainOtherwise = (write: Write): boolean => {
    for (const other of chosen.keys()) {
      const used = usedBy(other)
      const own = silentOf(other, used).some(story => perhaps.get(write)?.includes(story)) && explainOne(write, used)
      const others = own && explainOne(other, new Set([...used, ...storiesOf(own)]))
      if (!own || !others) continue
      chosen.set(write, own).set(other, others)
      return true
    }
    return false
  }
  // First those that few of the unanswered can be in: the others have more to choose from.
  const choices = (write: Write): number => perhaps.get(write)?.length ?? 0
  for (const write of writes.toSorted((a, b) => choices(a) - choices(b))) {
    const way = explainOne(write, usedBy())
    if (way) chosen.set(write, way)
    else if (!explainOtherwise(write)) {
      const steps = [...(applied.get(write) ?? []), ...claimedSteps(timeline, write)]
      found.push({ promise: '1', why: unexplained(write, steps, silentOf(write, usedBy())) })
      chosen.set(write, { apart: [], write: { ...write, steps } })
    }
  }
  const used = usedBy()
  const isUsed = ({ stories }: Step): boolean => stories.some(story => used.has(story))
  // A step that is doubtful may have been apart from one write, and in another one.
  const apart = [...chosen.values()].flatMap(way => way.apart)
  const outside = new Set([...apart, ...[...doubtful.values()].flat()])
  loose.push(...[...outside].filter(step => !isUsed(step)))
  const explained = writes.flatMap(write => chosen.get(write)?.write ?? [])

  const unclaimed = withoutWrite(recordedAnswers(timeline), explained)
  const cancelled = groups([...loose, ...unclaimed]).flatMap((group): Cancelled[] => {
    const loop = cancelling(timeline, group)
    if (!loop) found.push({ promise: '3', why: unstored(group) })
    return loop ? [loop] : []
  })
  return { explained, cancelled, violations: found }
}

/** How a write is explained: its steps, and those of the posts answered with it that are in none. */
interface Way {
  readonly apart: readonly Step[]
  readonly write: Explained
}

/** Explains a write by all these answered steps, and by some of the silent posts. Of several ways, returns an allowed one. */
const explainWith = (
  timeline: Timeline,
  write: Write,
  answered: readonly Step[],
  silent: readonly Story[],
  isAllowed: (write: Explained) => boolean,
): Way | undefined => {
  const { before, fold, stored } = write
  const claimed = claimedSteps(timeline, write)
  const way = { from: before.count, to: stored.count, target: fold.target, place: fold.place }
  // Posts that are answered together may have cancelled one another out, apart from any write.
  const ways = perhapsApart(answered)
  const isLoop = (apart: readonly Step[]): boolean =>
    groups(apart).every(group => cancelling(timeline, group) !== undefined)
  let first: Way | undefined
  for (const [index, apart] of [...ways, ...ways].entries()) {
    if (index < ways.length && !isLoop(apart)) continue
    const certain = [...answered.filter(step => !apart.includes(step)), ...claimed]
    const left = [...stillIn(timeline, write, answered), ...leftByClaims(timeline, write)]
    const steps = past(left, still => walk(timeline, way, [...certain, ...still], silent))
    if (!steps) continue
    const candidate = { apart, write: { ...write, steps } }
    if (isAllowed(candidate.write)) return candidate
    first ??= candidate
  }
  return first
}

const storiesOf = ({ write }: Way): readonly Story[] => write.steps.flatMap(({ stories }) => stories)

/** Returns whether a post's step goes through its hook's record, which then shows it. */
const isRecorded = ({ hooks }: Timeline, { post }: Story): boolean =>
  post.key !== undefined ||
  (hooks.get(post.hook) ?? []).some(
    version => version.uid === post.uid && (hasCooldown(version) || hasLimits(version) || forOf(version) > 0),
  )

/** Which write can contain the step of which post that no record shows. */
const assign = (timeline: Timeline, writes: readonly Write[]) => {
  const committed = byKey(writes, ({ fold }) => foldKey(fold))
  /** The first fold of each mark: from then on a post that joins its queue has no part in it. */
  const begun = byKey(
    [...timeline.folds.values()].flatMap(folds => folds.slice(0, 1)),
    foldKey,
  )
  const applied = new Map<Write, Step[]>()
  const perhaps = new Map<Write, Story[]>()
  /** Steps of hooks whose account has changed: each is in one of these writes, or in none. */
  const doubtful = new Map<Write, Step[]>()
  const loose: Step[] = []
  for (const story of timeline.stories) {
    if (isRecorded(timeline, story)) continue
    const step = appliedStep(story)
    if (step) {
      // Writes of one queue come one after another, and a post is answered when its own is known to be stored.
      // Each account has a queue of its own.
      const own = committed.get(foldKey({ process: story.post.process, target: targetIn(story) })) ?? []
      const users = usersOf(timeline, story)
      const lasts = [...users].flatMap(user => lastOf(own, story, user, timeline.senders) ?? [])
      if (users.size > 1) for (const write of lasts) listIn(doubtful, write).push(step)
      const isPlaced = users.size > 1 && lasts.length > 0
      const [write] = lasts
      if (!isPlaced && write) listIn(applied, write).push(step)
      else if (!isPlaced) loose.push(step)
    } else if (story.answer === undefined || story.answer === 'no answer') {
      for (const target of timeline.targets.keys()) {
        const key = foldKey({ process: story.post.process, target })
        // A write in flight when a post's time is over, or its process dies, may contain it; nothing before that can.
        for (const user of usersOf(timeline, story)) {
          const all = (begun.get(key) ?? []).filter(({ mark }) => timeline.senders.get(mark) === user)
          const folds = all.filter(fold => fold.place < story.ended)
          // Where a record has to be written first, the fold is noted after that, and the post's time may be over by then.
          const next = story.answer === 'no answer' ? all.slice(folds.length, folds.length + 1) : []
          // The answer to the write before it may have come at the very moment of the crash.
          const isSudden = story.answer === undefined && atOf(timeline, folds.at(-1)) === story.endedAt
          const writeOf = (last: Fold) => committed.get(key)?.find(({ fold }) => fold.mark === last.mark)
          // Who would have sent a request that never left is not known: it may be of the queue of another account.
          const isOfSome = (fold: Fold): boolean => timeline.senders.size === 0 || writeOf(fold) !== undefined
          const own = user === undefined ? folds.findLastIndex(isOfSome) : -1
          const first = Math.max(0, folds.length - (isSudden ? 2 : 1))
          for (const last of [...folds.slice(own < 0 ? first : Math.min(own, first)), ...next]) {
            const write = writeOf(last)
            if (write && story.arrived < write.fold.place) listIn(perhaps, write).push(story)
          }
        }
      }
    }
  }
  return { applied, doubtful, loose, perhaps }
}

/** Returns the last write of an account's queue before a post was answered, if it was begun after the post came. */
const lastOf = (
  own: readonly Write[],
  { arrived, ended }: Story,
  user: string | undefined,
  senders: Timeline['senders'],
): Write | undefined => {
  const last = own.findLast(({ fold, stored }) => stored.place < ended && senders.get(fold.mark) === user)
  return last && arrived < last.fold.place ? last : undefined
}

/** Returns all parts of a list, the whole first. */
const subsets = <T>(list: readonly T[]): readonly (readonly T[])[] =>
  list.reduceRight<readonly (readonly T[])[]>((rest, item) => [...rest.map(part => [item, ...part]), ...rest], [[]])

/** Returns parts of a list that is too long for all: the whole, the steps between the counts of a write, and nothing. */
const longParts = ({ before, stored }: Write, steps: readonly Step[]): readonly (readonly Step[])[] => {
  const [least, most] = [Math.min(before.count, stored.count), Math.max(before.count, stored.count)]
  const fitting = steps.filter(({ from, to }) => Math.min(from, to) >= least && Math.max(from, to) <= most)
  return [steps, fitting, []]
}

const atOf = ({ happened }: Timeline, fold: Fold | undefined): number | undefined => fold && happened[fold.place]?.at

/**
 * The posts that a write's batch left the count for, as those answered at the same moment say: of several orders
 * that explain a write, one that comes by the counts that they saw is meant.
 */
const stillIn = ({ hooks, stories }: Timeline, { fold }: Write, answered: readonly Step[]): readonly Step[] => {
  const moments = new Set(answered.flatMap(step => step.stories.map(({ endedAt }) => endedAt)))
  return stories.flatMap((story): Step[] => {
    const { answer, arrived, endedAt, post } = story
    const isIn = post.process === fold.process && arrived < fold.place && moments.has(endedAt)
    if (!isIn || answer === undefined || answer === 'no answer') return []
    const { from, outcome } = answer.body
    if (from === undefined || (outcome !== 'unchanged' && outcome !== 'rejected')) return []
    const aims = hooks.get(post.hook)?.some(version => version.uid === post.uid && targetOf(version) === fold.target)
    return aims === true ? [{ stories: [story], from, to: from }] : []
  })
}

/** Does the same for the deliveries that records show: their copies are answered with it later on. */
const leftByClaims = (timeline: Timeline, { fold }: Write): readonly Step[] =>
  (timeline.claims.get(fold.mark) ?? []).flatMap(({ from, to }) => (from === to ? [{ stories: [], from, to }] : []))

/** A way past the posts that the count was left for, without them; or any, where there is none. */
const past = (
  still: readonly Step[],
  find: (still: readonly Step[]) => readonly Step[] | undefined,
): readonly Step[] | undefined => {
  const found = still.length === 0 ? undefined : find(still)
  return found ? found.filter(step => !still.includes(step)) : find([])
}

/** What an answer says was applied. */
const appliedStep = (story: Story): Step | undefined => {
  const { answer } = story
  if (answer === undefined || answer === 'no answer' || answer.body.outcome !== 'applied') return undefined
  const { from = Number.NaN, to = Number.NaN } = answer.body
  return { stories: [story], from, to }
}

const targetIn = ({ answer }: Story): string =>
  (answer !== undefined &&
    answer !== 'no answer' &&
    /^(?:Deployment|Fleet)\/(\S+) went/.exec(answer.body.message)?.[1]) ||
  ''

/** Returns the steps of a write that records show. */
const claimedSteps = (timeline: Timeline, { fold }: Write): readonly Step[] =>
  (timeline.claims.get(fold.mark) ?? []).flatMap(({ from, isEnd, isUndo, key, to, uid }): Step[] => {
    if (from === to) return []
    if (isEnd) return [{ stories: [], from, to, claimed: { key, uid, isEnd } }]
    const stories = timeline.stories.filter(
      story =>
        story.post.uid === uid &&
        (story.post.key === undefined ? key.startsWith(`${fold.mark}/`) : key === story.post.key) &&
        story.post.process === fold.process &&
        story.arrived < fold.place &&
        story.ended > fold.place,
    )
    return [{ stories, from, to, claimed: { key, uid, isUndo } }]
  })

/** Returns the answers that say applied, of posts whose step a record must show. */
const recordedAnswers = (timeline: Timeline): readonly Step[] =>
  timeline.stories.flatMap(story => {
    const step = isRecorded(timeline, story) ? appliedStep(story) : undefined
    return step ? [{ ...step, claimed: { key: story.post.key ?? '', uid: story.post.uid } }] : []
  })

/**
 * Returns the answers that report no claimed step of a stored write. Many may report the same named one; of posts without a name
 * each has a claim of its own, which is not named after it.
 */
const withoutWrite = (answers: readonly Step[], explained: readonly Explained[]): readonly Step[] => {
  const reported = new Set<Step>()
  return answers
    .toSorted((a, b) => endOf([a]) - endOf([b]))
    .filter(answer => {
      const [story] = answer.stories
      const isReported = ({ claimed, from, stories, to }: Step): boolean =>
        claimed?.uid === answer.claimed?.uid &&
        from === answer.from &&
        to === answer.to &&
        (claimed?.key === answer.claimed?.key || (story !== undefined && stories.includes(story)))
      const step = explained
        .filter(({ stored }) => stored.place < (story?.ended ?? 0))
        .flatMap(({ steps }) => steps.filter(each => isReported(each) && !reported.has(each)))[0]
      if (step && story?.post.key === undefined) reported.add(step)
      return step === undefined
    })
}

/** Returns the steps that one process reported at one moment. */
const groups = (steps: readonly Step[]): readonly (readonly Step[])[] => [
  ...byKey(steps, ({ stories: [story] }) => {
    const { endedAt, post } = story ?? {}
    return `${post?.process} ${story && targetIn(story)} ${endedAt}`
  }).values(),
]

/**
 * Which of the answered steps may have cancelled one another out, apart from a write, the likeliest first: those that were
 * not answered first, since all of one write are answered at once; none; all.
 */
const perhapsApart = (answered: readonly Step[]): readonly (readonly Step[])[] => {
  const [first = [], ...later] = groups(answered).toSorted((a, b) => endOf(a) - endOf(b))
  return [...later.map((_, index) => later.slice(index).flat()), [], [...first, ...later.flat()]]
}

const endOf = ([step]: readonly Step[]): number => step?.stories[0]?.endedAt ?? 0

/** How steps lead from a count that the target had back to it, with any that have not been answered so. */
const cancelling = (timeline: Timeline, group: readonly Step[]): Cancelled | undefined => {
  const stories = group.flatMap(step => step.stories)
  const [story] = stories
  if (!story) return undefined
  const arrived = Math.min(...stories.map(each => each.arrived))
  const target = targetIn(story)
  const versions = timeline.targets.get(target) ?? []
  const counts = new Set(upTo(versions, currentAt(versions, arrived), story.ended).map(({ count }) => count))
  const silent = timeline.stories.filter(
    other =>
      other.post.process === story.post.process &&
      isSilent(other) &&
      other.arrived < story.ended &&
      other.ended > arrived,
  )
  // A delivery may have made a step once before that looks just like the one that it is answered with here.
  const companions = timeline.stories.flatMap(other => {
    const step = other.post.process === story.post.process && other.endedAt === story.endedAt && appliedStep(other)
    return step && targetIn(other) === target && !stories.includes(other) ? [step] : []
  })
  for (const certain of [group, [...group, ...companions]]) {
    for (const count of counts) {
      // Where that had to be recorded first, the steps were folded some time before they were answered.
      const way = { from: count, to: count, target, since: arrived, place: story.ended }
      const steps = walk(timeline, way, certain, silent)
      if (steps) return { process: story.post.process, target, place: story.ended, steps }
    }
  }
  // The end of a lease may have been among them, which no post asked for: its row has no name.
  // The rows of posts without a name look the same. A hook that records nothing has none.
  const ofPosts = group.filter(
    ({ claimed, stories }) => claimed !== undefined && stories.every(({ post }) => post.key === undefined),
  )
  for (const unnamed of unnamedRows(timeline)) {
    const certain = [...group, ...without(unnamed, ofPosts)]
    for (const count of counts) {
      const steps = walk(timeline, { from: count, to: count, target, since: arrived, place: story.ended }, certain, [])
      if (steps) return { process: story.post.process, target, place: story.ended, steps }
    }
  }
  // Or the step of a named post that waits: its row is done, and its answer is that its hook is deleted by then.
  for (const row of unansweredRows(timeline, story.post.process, arrived, story.ended)) {
    for (const count of counts) {
      const way = { from: count, to: count, target, since: arrived, place: story.ended }
      const steps = walk(timeline, way, [...group, row], [])
      if (steps) return { process: story.post.process, target, place: story.ended, steps }
    }
  }
  return undefined
}

/** The steps that rows show of a process's named posts that were there between two places, and have no outcome in their answers. */
const unansweredRows = (timeline: Timeline, process: string, since: number, place: number): readonly Step[] => {
  const rows = [...timeline.rows].map(row => row.split(' '))
  return timeline.stories.flatMap(story => {
    const { answer, arrived, ended, post } = story
    const isThere = post.process === process && arrived < place && ended > since
    if (!isThere || (answer !== undefined && answer !== 'no answer' && answer.status < 400)) return []
    return rows.flatMap(([uid, key, from, to]) =>
      uid === post.uid && key !== undefined && key === post.key && from !== to
        ? [{ stories: [story], from: Number(from), to: Number(to), claimed: { key, uid } }]
        : [],
    )
  })
}

/** The steps without a name that were done without ever having been a claim, those of one batch together. */
const unnamedRows = ({ rows }: Timeline): readonly (readonly Step[])[] => {
  const batches = new Map<string, Step[]>()
  for (const row of rows) {
    const [uid = '', key = '', from, to] = row.split(' ')
    const mark = /^(.*)\/\d+$/.exec(key)?.[1]
    if (mark === undefined || from === to) continue
    listIn(batches, mark).push({ stories: [], from: Number(from), to: Number(to), claimed: { key, uid, isEnd: true } })
  }
  return [...batches.values()]
}

/** The steps that look like none of some others, each of which stands for one. */
const without = (steps: readonly Step[], others: readonly Step[]): readonly Step[] => {
  const left = [...others]
  return steps.filter(step => {
    const index = left.findIndex(
      ({ claimed, from, to }) => claimed?.uid === step.claimed?.uid && from === step.from && to === step.to,
    )
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
}

/** Returns whether a post got no outcome. One that waits may have been decided before its hook was deleted. */
const isSilent = ({ answer, post }: Story): boolean =>
  answer === undefined ||
  answer === 'no answer' ||
  answer.status === 503 ||
  (post.waitMs !== undefined && answer.status === 410)

const unexplained = ({ before, fold, stored }: Write, certain: readonly Step[], silent: readonly Story[]): string => {
  const ids = silent.map(({ post }) => post.id)
  return `${fold.target} went from ${before.count} to ${stored.count} by ${fold.mark} of ${fold.process} (version ${stored.version}), and this does not add up: [${certain.map(stepText).join('; ')}], and any of the unanswered [${ids.join(', ')}]`
}

const unstored = (group: readonly Step[]): string =>
  `${group[0]?.stories[0]?.post.process} answered [${group.map(stepText).join('; ')}], and no write holds that`

const stepText = ({ claimed, from, stories, to }: Step): string => {
  const ids = stories.map(({ post }) => post.id)
  return `post ${ids.join(' or ')}${claimed ? ', recorded,' : ''} from ${from} to ${to}`
}

const foldKey = ({ process, target }: Pick<Fold, 'process' | 'target'>): string => `${process} ${target}`

const byKey = <T>(list: readonly T[], key: (entry: T) => string): ReadonlyMap<string, readonly T[]> => {
  const lists = new Map<string, T[]>()
  for (const entry of list) listIn(lists, key(entry)).push(entry)
  return lists
}
