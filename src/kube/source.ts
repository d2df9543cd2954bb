import type { ResourceType } from './paths.ts'

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
