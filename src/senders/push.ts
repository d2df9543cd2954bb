import type { Delivery, Push } from '../api/delivery.ts'
import { isDigest, isPath, isTag, parseRepository, type Repository } from '../api/image.ts'
import { at, stringAt } from '../api/json.ts'
import { identityKey, identityKeyOf, identityOf, namedOnce, timeOf } from './identity.ts'
import { nothingNew } from './sender.ts'

/**
 * The most pushes that are read of one post. A list of tags names its repository once, so a small body
 * could report a great amount of pushes. Registries report one or a few. A post with more is not read
 * at all: the tag that a hook waits for could be among those that are left out.
 */
const maxPushes = 256

/** The parts of a repository in a registry's body. They can have any type, because anybody can post. */
interface PlaceParts {
  /** With its host, such as `ghcr.io/acme/web`. If `isPath` is true, without its host. */
  readonly repository: unknown
  /** The host, if the registry has it in another member. */
  readonly host?: string | undefined
  /** True if the registry does not write its host into `repository`. */
  readonly isPath?: true
}

/** The other parts of a push. They can have any type, too. */
interface TagParts {
  readonly tag: unknown
  readonly digest?: unknown
  readonly at?: number | undefined
}

/** A repository, perhaps without its host. */
type Place = Partial<Repository> & Pick<Repository, 'path'>

/**
 * Reads one push. Returns undefined without a valid repository and tag; a digest is no tag. An
 * invalid digest is left out.
 */
export const pushOf = (parts: PlaceParts & TagParts): Push | undefined => {
  const place = placeOf(parts)
  return place && pushTo(place, parts)
}

const pushTo = (place: Place, { at, digest, tag }: TagParts): Push | undefined => {
  if (typeof tag !== 'string' || !isTag(tag)) return undefined
  return {
    ...place,
    tag,
    digest: typeof digest === 'string' && isDigest(digest) ? digest : undefined,
    at,
  }
}

/**
 * Returns the repository, or undefined if it is not valid. A host that no container's image can
 * contain, such as `registry`, is left out.
 */
const placeOf = ({ host, isPath: withoutHost, repository }: PlaceParts): Place | undefined => {
  if (typeof repository !== 'string') return undefined
  if (!withoutHost) return parseRepository(repository)
  const place = host === undefined ? undefined : parseRepository(`${host}/${repository}`)
  if (place?.path === repository) return place
  return isPath(repository) ? { path: repository } : undefined
}

/**
 * One event of a registry's body: a push with the event's id, if it has one. `no push`: the event
 * reports something else. `unreadable`: it should report a push, and lacks a valid repository or
 * tag.
 */
export type RegistryEvent = { readonly push: Push; readonly id?: string | undefined } | 'no push' | 'unreadable'

/**
 * Reads an event about a push. An event without a tag is no push: it reports a blob, or the part of
 * an image for one platform. A digest in the place of the tag is no tag. A signature is no image.
 */
export const eventOf = (parts: PlaceParts & TagParts, id?: string): RegistryEvent => eventAt(placeOf(parts), parts, id)

/** Reads a push in the form of the distribution registry, which others have taken over. */
export const eventOfDistribution = (event: unknown, id: string | undefined): RegistryEvent =>
  eventOf(
    {
      repository: at(event, 'target', 'repository'),
      host: stringAt(event, 'request', 'host'),
      isPath: true,
      tag: at(event, 'target', 'tag'),
      digest: at(event, 'target', 'digest'),
      at: timeOf(at(event, 'timestamp')),
    },
    id,
  )

const eventAt = (place: Place | undefined, parts: TagParts, id?: string): RegistryEvent => {
  if (!place) return 'unreadable'
  if (isUntagged(parts.tag)) return 'no push'
  const push = pushTo(place, parts)
  return push ? { push, id } : 'unreadable'
}

const isUntagged = (tag: unknown): boolean =>
  tag === undefined || tag === null || tag === '' || (typeof tag === 'string' && isDigest(tag)) || isAttached(tag)

/**
 * Returns whether a tag names what is attached to an image, such as a signature. cosign pushes
 * `sha256-HEX.sig`, `.att` and `.sbom`. A registry without referrers has `sha256-HEX` for all of them
 * (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema).
 */
export const isAttached = (tag: unknown): boolean =>
  typeof tag === 'string' && /^sha(?:256|384|512)-[0-9a-f]{64,}(?:\.[a-z]+)?$/.test(tag)

/**
 * Makes the delivery of a registry's events with all their pushes. `needed` says what a body
 * without a readable push should contain.
 */
export const deliveryOfEvents = (sender: string, events: readonly RegistryEvent[], needed: string): Delivery => {
  const known = events.filter(event => typeof event !== 'string')
  if (known.length > maxPushes) return tooManyPushes(sender, known.length)
  if (known.length === 0)
    return events.includes('no push') ? { sender, phase: nothingNew } : unreadablePush(sender, needed)
  const ids = known.flatMap(({ id }) => id ?? [])
  const pushes = known.map(({ push }) => push)
  return deliveryOfPushes(sender, pushes, ids.length === known.length ? ids : [])
}

/** Makes the delivery of a body that names one repository and a list of its tags. */
export const deliveryOfTags = (
  sender: string,
  repository: unknown,
  tags: readonly unknown[],
  needed: string,
): Delivery => {
  if (tags.length > maxPushes) return tooManyPushes(sender, tags.length)
  const place = placeOf({ repository })
  return deliveryOfEvents(
    sender,
    tags.map(tag => eventAt(place, { tag })),
    needed,
  )
}

/**
 * Returns the host of a URL, with its port unless it is the default. Returns undefined if the text
 * is no URL.
 */
export const hostOfURL = (text: unknown): string | undefined =>
  (typeof text === 'string' && URL.canParse(text) && new URL(text).host) || undefined

/**
 * Makes the delivery of a registry's body. `ids` are the registry's event ids, which it never
 * reuses. Without ids, equal pushes are one delivery until a later time is reported. Without ids
 * and times, they are one delivery within the hook's `dedupeWindow`.
 */
export const deliveryOfPushes = (sender: string, pushes: readonly Push[], ids: readonly string[] = []): Delivery => {
  const newest = pushes.reduce((latest, { at = -Infinity }) => Math.max(latest, at), -Infinity)
  const key = identityKeyOf([sender, ...pushes.flatMap(({ digest, host, path, tag }) => [host, path, tag, digest])])
  const identity =
    ids.length > 0 ? namedOnce(identityKey(sender, ids)) : identityOf(key, Number.isFinite(newest) ? newest : undefined)
  return { sender, phase: 'none', identity, pushes }
}

/**
 * Makes the delivery of a registry's body without a readable push. `needed` names what a body must
 * contain, such as `push_data.tag, a tag`.
 */
export const unreadablePush = (sender: string, needed: string): Delivery => ({
  sender,
  phase: 'none',
  unreadable: `the body of ${sender} reports no push: it needs ${needed}`,
})

/** What a post without JSON needs. A webhook of GitHub or Gitea may post a form. */
export const neededJson = "JSON: set the webhook's content type to application/json"

const tooManyPushes = (sender: string, count: number): Delivery => ({
  sender,
  phase: 'none',
  unreadable: `the body of ${sender} reports ${count} pushes: a post with more than ${maxPushes} is not read`,
})
