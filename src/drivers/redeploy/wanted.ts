import type { Push } from '../../api/delivery.ts'
import { keyOf } from '../../api/hash.ts'
import { parseImage, parseRepository, type Image, type Repository } from '../../api/image.ts'
import type { Act } from '../../acts/acts.ts'
import type { Container } from '../rollouts/kinds.ts'
import type { Redeploy } from './schema.ts'
import { tagRule, type TagRule } from './tags.ts'

/** A push with an id that is the same in every process and for every copy. */
export interface WantedPush extends Push {
  readonly id: string
  /**
   * The time of the push, in milliseconds since the epoch. It is never later than the present:
   * otherwise one forged time would make all later pushes old.
   */
  readonly at: number
}

/** The pushes that a hook wants, and which of them each container should run. */
export interface Wanted {
  readonly pushes: readonly WantedPush[]
  /** Returns the push that a container should run, or undefined. */
  chosenFor(container: Container): Chosen | undefined
}

export interface Chosen {
  readonly push: WantedPush
  /** The image that the container runs now. */
  readonly runs: Image
  /** True if the container runs a higher version than the push. */
  readonly isLower: boolean
}

/**
 * Returns the pushes that a hook wants, or undefined if its range of versions is invalid. `now` is
 * the latest time that a push is given, in milliseconds since the epoch.
 */
export const wantedBy = (member: Redeploy, pushes: readonly Push[], act: Act, now: number): Wanted | undefined => {
  const rule = member.tags && tagRule(member.tags)
  if (member.tags && !rule) return undefined
  const { image, pushedAs = [] } = member
  // A push must be of the hook's image, under any of its names.
  const repositories = image === undefined ? undefined : [image, ...pushedAs].map(parseRepository)
  const isOf = (push: Push): boolean => repositories?.some(repository => isPushTo(push, repository)) ?? true
  const wanted = pushes
    .filter(push => isOf(push) && (rule?.wants(push.tag) ?? true))
    .map(push => ({ ...push, id: idOf(push, act), at: Math.min(push.at ?? act.at, now) }))
  return { pushes: wanted, chosenFor: container => chosenFor(container, member, wanted, rule) }
}

/**
 * Returns whether a push is to a repository. Compares only the paths if the registry's message does
 * not name its host.
 */
const isPushTo = ({ host, path }: Push, repository: Repository | undefined): boolean =>
  repository !== undefined && repository.path === path && (host === undefined || host === repository.host)

const idOf = ({ at, digest, host, path, tag }: Push, act: Act): string =>
  keyOf(JSON.stringify([host ?? '', path, tag, digest ?? '', at ?? act.id]))

const chosenFor = (
  container: Container,
  { container: named, image }: Redeploy,
  pushes: readonly WantedPush[],
  rule: TagRule | undefined,
): Chosen | undefined => {
  if (named !== undefined && named !== container.name) return undefined
  const runs = parseImage(container.image)
  if (!runs) return undefined
  const own = image === undefined ? undefined : parseRepository(image)
  const running = runs.tag ?? (runs.digest === undefined ? 'latest' : undefined)
  const candidates = pushes.filter(push => {
    const isIts = own ? own.path === runs.path && own.host === runs.host : isPushTo(push, runs)
    return isIts && (rule !== undefined || push.tag === running)
  })
  const push = candidates.reduce<WantedPush | undefined>(
    (best, next) => (best && isBefore(next, best, rule) ? best : next),
    undefined,
  )
  return push && { push, runs, isLower: running !== undefined && (rule?.order(push.tag, running) ?? 0) < 0 }
}

/**
 * Returns whether a push counts as older than another: by version if the hook has a range, and for
 * equal versions by time. False for equal times, so the caller prefers the later one in the body.
 */
const isBefore = (one: WantedPush, other: WantedPush, rule: TagRule | undefined): boolean => {
  const order = rule?.order(one.tag, other.tag) ?? 0
  return order === 0 ? one.at < other.at : order < 0
}
