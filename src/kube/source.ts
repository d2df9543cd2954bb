import type { ResourceType } from './paths.ts'

/** Which objects to follow: a type's, in one namespace or everywhere. */
export interface Source extends Selectors {
  readonly type: ResourceType
  readonly namespace?: string
  /** What is read of an object that is too large to be read, besides who it is: paths as json-picker.ts has them. */
  readonly pick?: readonly string[]
}

/** Which of them, where not all are meant. */
export interface Selectors {
  /** As in `metadata.name=web`. */
  readonly fieldSelector?: string
  /** As in `app=web`. */
  readonly labelSelector?: string
}

/** The part of a query that selects what `source` is about. */
export const selectorOf = ({ fieldSelector, labelSelector }: Selectors): Readonly<Record<string, string>> => ({
  ...(fieldSelector !== undefined && { fieldSelector }),
  ...(labelSelector !== undefined && { labelSelector }),
})

/** Enough of a text to recognise it by. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, 80))
