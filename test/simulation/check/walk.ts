import { filtered, isOn, mayTakeBack, onResolved, stepOf, targetOf } from './model.ts'
import { mayBeAccepted } from './keys.ts'
import { isShown } from './proofs.ts'
import { mayGoBy, type HookVersion, type Story, type Timeline } from './timeline.ts'

/** One step of a count, and the post that it is the step of. */
export interface Step {
  /** The post; or, of a delivery that its hook's record knows, all those of which one was folded. */
  readonly stories: readonly Story[]
  readonly from: number
  readonly to: number
  /** What the record calls it, and which hook's record. */
  readonly claimed?: { readonly key: string; readonly uid: string; readonly isEnd?: boolean; readonly isUndo?: boolean }
}

/** How many attempts are enough: what is explained at all is mostly explained at the first. */
const maxAttempts = 20_000

/** How many steps without an answer are tried at most, to find the fewest. */
const maxSilent = 4

/**
 * Finds an order of all certain steps that leads from one count to another, with steps of those posts in the gaps that
 * may have been folded, at `place` or from `since` on until then, without an answer that says so. With as few of these
 * as it takes: what is left may have to explain the next write.
 */
export const walk = (
  timeline: Timeline,
  way: Way & { readonly from: number; readonly to: number },
  certain: readonly Step[],
  perhaps: readonly Story[],
): readonly Step[] | undefined => {
  for (let most = 0; most < Math.min(maxSilent, perhaps.length); most++) {
    const steps = walkWith(timeline, way, certain, perhaps, most)
    if (steps) return steps
  }
  return walkWith(timeline, way, certain, perhaps, Infinity)
}

/** The same with `most` such steps at most. */
const walkWith = (
  timeline: Timeline,
  way: Way & { readonly from: number; readonly to: number },
  certain: readonly Step[],
  perhaps: readonly Story[],
  most: number,
): readonly Step[] | undefined => {
  let attempts = 0
  const known = new Map<Story, readonly HookVersion[]>()
  const versionsOf = (story: Story): readonly HookVersion[] => {
    const versions = known.get(story) ?? openTo(timeline, way, story)
    known.set(story, versions)
    return versions
  }
  /** What is left after any order of what came before. Those that lead nowhere are not looked at again. */
  const deadEnds = new Set<string>()
  const numbers = new Map<Step | Story, number>([...certain, ...perhaps].map((part, index) => [part, index]))
  const named = (count: number, open: readonly Step[], silent: readonly Story[]): string =>
    [count, ...[...open, ...silent].map(part => numbers.get(part))].join(' ')

  const go = (
    count: number,
    steps: readonly Step[],
    open: readonly Step[],
    silent: readonly Story[],
  ): readonly Step[] | undefined => {
    if (open.length === 0 && count === way.to && steps.length > 0) return steps
    const left = named(count, open, silent)
    if (deadEnds.has(left) || attempts++ > maxAttempts) return undefined
    const tried = new Set<string>()
    for (const step of open) {
      if (step.from !== count || tried.has(String(step.to))) continue
      tried.add(String(step.to))
      const rest = open.filter(other => other !== step)
      const found = go(step.to, [...steps, step], rest, silent)
      if (found) return found
    }
    const isSpent = perhaps.length - silent.length >= most
    for (const story of isSpent ? [] : silent) {
      const rest = silent.filter(other => other !== story)
      for (const to of ends(versionsOf(story), story, count, [way.to, ...open.map(({ from }) => from)])) {
        // Posts to one hook are alike.
        if (tried.has(`${story.post.hook} ${to}`)) continue
        tried.add(`${story.post.hook} ${to}`)
        const found = go(to, [...steps, { stories: [story], from: count, to }], open, rest)
        if (found) return found
      }
    }
    deadEnds.add(left)
    return undefined
  }
  // Those of one write are answered in their order: of many, few others would be found in time.
  const answered = ({ stories: [story] }: Step): number => story?.ended ?? Infinity
  return go(
    way.from,
    [],
    certain.toSorted((a, b) => answered(a) - answered(b)),
    perhaps,
  )
}

/** Where, and when. */
interface Way {
  readonly target: string
  readonly place: number
  readonly since?: number
}

/** The versions of a post's hook by which it can be folded. */
const openTo = (timeline: Timeline, { place, since = place, target }: Way, story: Story): readonly HookVersion[] => {
  if (!mayBeAccepted(timeline, story, place)) return []
  return mayGoBy(timeline, story, since, place).filter(
    version =>
      isOn(version, story.post.uid) &&
      targetOf(version) === target &&
      filtered(version, story.post) === 'counts' &&
      isShown(timeline, version, story),
  )
}

/** Where a post can lead from a count; what takes back leads anywhere within the bounds, of which `wanted` matter. */
const ends = (
  versions: readonly HookVersion[],
  { post }: Story,
  count: number,
  wanted: readonly number[],
): readonly number[] => {
  const found = versions.flatMap(version => {
    if (post.kind === 'resolved' && onResolved(version) === 'undo') {
      return wanted.filter(to => to !== count && mayTakeBack(version, count, to))
    }
    const to = stepOf(version, count)
    return to === 'rejected' || to === count ? [] : [to]
  })
  return [...new Set(found)]
}
