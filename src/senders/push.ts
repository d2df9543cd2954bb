import type { Delivery, Push } from '../api/delivery.ts'
import { isDigest, isPath, isTag, parseRepository, type Repository } from '../api/image.ts'
import { identityKey, identityOf, namedOnce } from './identity.ts'
import { nothingNew } from './sender.ts'

/** The parts of a push as a registry's body has them: of any type, since anybody can post anything. */
export interface PushParts {
  /** With its host: `ghcr.io/acme/web`; or, with `host` or `isPath`, without one. */
  readonly repository: unknown
  /** The host, of a registry that has it in another member. */
  readonly host?: string | undefined
  /** Set where the registry does not write its host into `repository`. */
  readonly isPath?: true
  readonly tag: unknown
  readonly digest?: unknown
  readonly at?: number | undefined
}

/**
 * Reads one push. Undefined where it has no repository or no tag, or has something in their place that no registry
 * would take, a digest for one. A digest that is none is left out.
 */
export const pushOf = (parts: PushParts): Push | undefined => {
  const { at, digest, tag } = parts
  if (typeof tag !== 'string' || !isTag(tag)) return undefined
  const place = placeOf(parts)
  return (
    place && {
      ...place,
      tag,
      ...(typeof digest === 'string' && isDigest(digest) && { digest }),
      ...(at !== undefined && { at }),
    }
  )
}

/** Where it was pushed to. A host that no container could name, such as `registry`, is left out. */
const placeOf = ({
  host,
  isPath: withoutHost,
  repository,
}: PushParts): (Partial<Repository> & Pick<Repository, 'path'>) | undefined => {
  if (typeof repository !== 'string') return undefined
  if (!withoutHost) return parseRepository(repository)
  const place = host === undefined ? undefined : parseRepository(`${host}/${repository}`)
  if (place?.path === repository) return place
  return isPath(repository) ? { path: repository } : undefined
}

/** One event of a registry's body, and its id where the registry gives it one. */
export type RegistryEvent = { readonly push: Push; readonly id?: string | undefined } | 'no push' | 'unreadable'

/**
 * Reads an event that says that something was pushed. What has no tag is no push: a blob, or one platform's part of an image for
 * several. A digest in the tag's place is no tag.
 */
export const eventOf = (parts: PushParts, id?: string): RegistryEvent => {
  if (!placeOf(parts)) return 'unreadable'
  if (isUntagged(parts.tag)) return 'no push'
  const push = pushOf(parts)
  return push ? { push, id } : 'unreadable'
}

const isUntagged = (tag: unknown): boolean =>
  tag === undefined || tag === null || tag === '' || (typeof tag === 'string' && isDigest(tag))

/**
 * Makes the delivery of a registry's events, with all pushes among them. `needed` says what a body
 * without a readable push needs.
 */
export const deliveryOfEvents = (sender: string, events: readonly RegistryEvent[], needed: string): Delivery => {
  const known = events.filter(event => typeof event !== 'string')
  if (known.length === 0)
    return events.includes('no push') ? { sender, phase: nothingNew } : unreadablePush(sender, needed)
  const ids = known.flatMap(({ id }) => id ?? [])
  const pushes = known.map(({ push }) => push)
  return deliveryOfPushes(sender, pushes, ids.length === known.length ? ids : [])
}

/** The host of a URL, with its port where that is not the usual one; undefined for what is no URL. */
export const hostOfURL = (text: unknown): string | undefined =>
  (typeof text === 'string' && URL.canParse(text) && new URL(text).host) || undefined

/**
 * Makes the delivery of a registry's body. `ids` are those that the registry gives its events and
 * never uses again. Without ids, equal pushes are one delivery until they have a later time, or, if
 * they have no time, until the hook's window is over.
 */
export const deliveryOfPushes = (sender: string, pushes: readonly Push[], ids: readonly string[] = []): Delivery => {
  const newest = Math.max(...pushes.map(({ at }) => at ?? -Infinity))
  const key = identityKey(sender, ...pushes.flatMap(({ digest, host, path, tag }) => [host, path, tag, digest]))
  const identity =
    ids.length > 0 ? namedOnce(identityKey(sender, ids)) : identityOf(key, Number.isFinite(newest) ? newest : undefined)
  return { sender, phase: 'none', identity, pushes }
}

/**
 * Makes the delivery of a registry's body without a readable push. `needed` is as in
 * `push_data.tag, a tag`.
 */
export const unreadablePush = (sender: string, needed: string): Delivery => ({
  sender,
  phase: 'none',
  unreadable: `the body of ${sender} tells no push: it needs ${needed}`,
})
