import { collectionPath, type ResourceType } from './paths.ts'

/** The objects to follow: those of a type, in one namespace or in all. */
export interface Source extends Selectors {
  readonly type: ResourceType
  readonly namespace?: string
  /** Further paths to pick from an object that is too large, in the form of json-picker.ts. */
  readonly pick?: readonly string[]
  /** True if only the metadata of the objects is needed. */
  readonly isMetadataOnly?: boolean
}

/** Selects some of the objects of a type. Without a selector, all objects are selected. */
export interface Selectors {
  /** A selector by fields, such as `metadata.name=web`. */
  readonly fieldSelector?: string
  /** A selector by labels, such as `app=web`. */
  readonly labelSelector?: string
}

/** Returns the query parameters that select the objects of `source`. */
export const selectorOf = ({ fieldSelector, labelSelector }: Selectors): Readonly<Record<string, string>> => ({
  ...(fieldSelector !== undefined && { fieldSelector }),
  ...(labelSelector !== undefined && { labelSelector }),
})

/** Returns the beginning of a text in quotes, for messages. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, 80))

/**
 * The time limit of the answer to a request for a proof, in milliseconds. A later answer would
 * prove too little, and may be from etcd instead of the cache.
 */
const proofWithinMs = 1_000

/**
 * How many bytes of the answer to a request for a proof are read. The answer itself is the proof,
 * regardless of its content.
 */
const maxProofBytes = 16 * 1024

/** Returns the request for the smallest consistent list. */
export const proofRequest = (source: Source) =>
  ({
    method: 'GET',
    path: collectionPath(source.type, source.namespace),
    as: 'metadata list',
    maxBytes: maxProofBytes,
    query: { limit: '1', ...selectorOf(source) },
    lane: 'watch',
    timeoutMs: proofWithinMs,
  }) as const
