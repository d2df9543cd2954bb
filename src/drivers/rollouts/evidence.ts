import { keyOf } from '../../api/hash.ts'
import type { Image } from '../../api/image.ts'
import { maxDid, type ChangeEvidence } from '../../api/settlement.ts'

/** The trace of a delivery on a container or on a workload: an entry of {@link ChangeEvidence}. */
export type Mark = string

/** Returns the mark of a push: its id, and 8 characters of the hash of what the container runs. */
export const markOfPush = (id: string, tag: string, digest?: string): Mark => `${id} ${hashOf(tag, digest)}`

/** Returns the mark of a restart. Unlike the mark of a push, it has no hash of an image. */
export const markOfRestart = (id: string): Mark => id

export const idIn = (mark: Mark): string => mark.split(' ')[0] ?? mark

/**
 * Returns whether a container runs the image of a mark. True for the mark of a restart, which has
 * no image. The digest is compared only if the mark has one, because an admission policy may have
 * added a digest to the container's image.
 */
export const runsAs = (mark: Mark, { digest, tag }: Pick<Image, 'tag' | 'digest'>): boolean => {
  const hash = mark.split(' ')[1]
  if (hash === undefined) return true
  return tag !== undefined && (hash === hashOf(tag) || hash === hashOf(tag, digest))
}

/**
 * Returns the evidence that the marks on the workloads make up. Undefined if there are none, or
 * more than `maxDid`.
 */
export const evidenceOf = (workloads: readonly ReadonlySet<Mark>[]): ChangeEvidence | undefined => {
  const marked = workloads.filter(marks => marks.size > 0)
  const did = [...new Set(marked.flatMap(marks => [...marks]))]
  return did.length === 0 || did.length > maxDid ? undefined : { did, n: marked.length }
}

const hashOf = (tag: string, digest?: string): string =>
  keyOf(digest === undefined ? tag : `${tag}@${digest}`).slice(0, 8)
