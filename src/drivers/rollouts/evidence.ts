import { keyOf } from '../../api/hash.ts'
import type { Image } from '../../api/image.ts'
import { maxDid, type ChangeEvidence } from '../../api/settlement.ts'

/** What a delivery has left on one container, or on all of a workload: an entry of {@link ChangeEvidence}. */
export type Mark = string

/** The mark of a push: its id, and 8 characters of the hash of what a container runs then. */
export const markOfPush = (id: string, tag: string, digest?: string): Mark => `${id} ${hashOf(tag, digest)}`

/** The mark of a restart: after it the images may be any. */
export const markOfRestart = (id: string): Mark => id

/** Reads the id out of a mark. */
export const idIn = (mark: Mark): string => mark.split(' ')[0] ?? mark

/**
 * Whether a container runs what a mark says. Its tag counts, not the whole text: an admission policy may have added a digest. Where the
 * hook has written the digest, that counts as well.
 */
export const runsAs = (mark: Mark, { digest, tag }: Pick<Image, 'tag' | 'digest'>): boolean => {
  const hash = mark.split(' ')[1]
  if (hash === undefined) return true
  return tag !== undefined && (hash === hashOf(tag) || hash === hashOf(tag, digest))
}

/** Sums up the marks on each of the workloads; undefined where nothing, or too much, would have to be remembered. */
export const evidenceOf = (workloads: readonly ReadonlySet<Mark>[]): ChangeEvidence | undefined => {
  const marked = workloads.filter(marks => marks.size > 0)
  const did = [...new Set(marked.flatMap(marks => [...marks]))]
  return did.length === 0 || did.length > maxDid ? undefined : { did, n: marked.length }
}

const hashOf = (tag: string, digest?: string): string =>
  keyOf(digest === undefined ? tag : `${tag}@${digest}`).slice(0, 8)
