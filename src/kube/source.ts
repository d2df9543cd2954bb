import type { StoredObject } from '../api/object.ts'
import type { ResourceType } from './paths.ts'

/** Which objects to follow: a type's, in one namespace or everywhere. */
export interface Source {
  readonly type: ResourceType
  readonly namespace?: string
  /** As in `metadata.name=web`. */
  readonly fieldSelector?: string
}

/** What is told of the objects that are followed. Its functions must not throw. */
export interface Sink {
  /** A new list begins. Its objects come one by one; nothing of it counts before `done`. */
  list(): { add(object: StoredObject): void; done(): void }
  put(object: StoredObject): void
  remove(object: StoredObject): void
}

/** The part of a query that selects what `source` is about. */
export const selectorOf = ({ fieldSelector }: Source): Readonly<Record<string, string>> =>
  fieldSelector === undefined ? {} : { fieldSelector }

/** Enough of a text to recognise it by. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, 80))
