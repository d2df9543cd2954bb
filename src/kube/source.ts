import type { StoredObject } from '../api/object.ts'
import type { ResourceType } from './paths.ts'

/** Which objects to follow: a type's, in one namespace or everywhere. */
export interface Source {
  readonly type: ResourceType
  readonly namespace?: string
  /** As in `metadata.name=web`. */
  readonly fieldSelector?: string
  /** What is read of an object that is too large to be read, besides who it is: paths as json-picker.ts has them. */
  readonly pick?: readonly string[]
}

/** Where the objects go that are followed. Its functions must not throw. */
export interface Sink {
  /** A new list begins. Its objects come one by one; nothing of it counts before `done`. */
  list(): ListSink
  put(object: StoredObject): void
  /** The object is too large to be read: it has who it is, and what the source picks. */
  putLarge(object: StoredObject): void
  remove(object: StoredObject): void
}

/** Where the objects of one list go. */
export interface ListSink {
  add(object: StoredObject): void
  /** As {@link Sink.putLarge}. */
  addLarge(object: StoredObject): void
  done(): void
}

/** The part of a query that selects what `source` is about. */
export const selectorOf = ({ fieldSelector }: Source): Readonly<Record<string, string>> =>
  fieldSelector === undefined ? {} : { fieldSelector }

/** Enough of a text to recognise it by. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, 80))
