import { namedOnce, type Delivery, type Push } from '../api/delivery.ts'
import { isDigest, isPath, isTag, parseRepository, type Repository } from '../api/image.ts'
import { identityKey, identityOf } from './identity.ts'
import { noNews } from './sender.ts'

/** The parts of a push as a registry's body has them: of any type, since anybody can post anything. */
export interface PushParts {
  /** With its host: `ghcr.io/acme/web`; or, with `host` or `isPath`, without one. */
  readonly repository: unknown
  /** The host, of a registry that tells it elsewhere. */
  readonly host?: string | undefined
  /** Set where the registry does not tell its host within `repository`. */
  readonly isPath?: true
  readonly tag: unknown
  readonly digest?: unknown
  readonly at?: number | undefined
}

/**
 * Reads one push. Undefined where it lacks its repository or its tag, or has something in their place that no registry
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

/** The delivery of a registry's events: all pushes among them. `lacks` says what is needed where none of them can be read. */
export const deliveryOfEvents = (sender: string, events: readonly RegistryEvent[], lacks: string): Delivery => {
  const known = events.filter(event => typeof event !== 'string')
  if (known.length === 0) return events.includes('no push') ? { sender, phase: noNews } : unreadablePush(sender, lacks)
  const ids = known.flatMap(({ id }) => id ?? [])
  const pushes = known.map(({ push }) => push)
  return deliveryOfPushes(sender, pushes, ids.length === known.length ? ids : [])
}

/** The host of a URL, with its port where that is not the usual one; undefined for what is no URL. */
export const hostOfURL = (text: unknown): string | undefined =>
  (typeof text === 'string' && URL.canParse(text) && new URL(text).host) || undefined

/**
 * The delivery of a registry's body. `ids` are those that the registry gives its events and never uses again; without any, equal
 * pushes are one delivery until they tell a later time, or, where they tell none, until the hook's window is over.
 */
export const deliveryOfPushes = (sender: string, pushes: readonly Push[], ids: readonly string[] = []): Delivery => {
  const newest = Math.max(...pushes.map(({ at }) => at ?? -Infinity))
  const key = identityKey(sender, ...pushes.flatMap(({ digest, host, path, tag }) => [host, path, tag, digest]))
  const identity =
    ids.length > 0 ? namedOnce(identityKey(sender, ids)) : identityOf(key, Number.isFinite(newest) ? newest : undefined)
  return { sender, phase: 'none', identity, pushes }
}

/** The delivery of a body that is a registry's and tells no push: `lacks` says what it needs, as in `push_data.tag, a tag`. */
export const unreadablePush = (sender: string, lacks: string): Delivery => ({
  sender,
  phase: 'none',
  unreadable: `the body of ${sender} tells no push: it needs ${lacks}`,
})
