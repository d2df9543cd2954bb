/**
 * Marks: the names that single writes of a count have, such as `receiver-hooks.4f0c1b….2a.1234.3`. The
 * last two parts say since when only hooks have written the count, and what it was then.
 */

/** What somebody else has last said about a count, before the writes of hooks. */
export interface LastWord {
  /** The resourceVersion that the first write of a hook since then has replaced. */
  readonly since: string
  /** The count in that version. */
  readonly word: number
}

export interface MarkParts {
  /** The process that made the write, in hexadecimal. */
  readonly instance: string
  /** The number of the write in its process, in base 36. */
  readonly number: string
  /** Absent in the marks of versions that did not know it. */
  readonly lastWord?: LastWord | undefined
}

/**
 * A mark as its write has it. A field manager may have 128 bytes. A mark has at most 78, with the
 * largest resourceVersion and the largest count. Fences have names of their own.
 */
const marks = /^receiver-hooks\.(?!fence\.)([0-9a-z]+)\.([0-9a-z]+)(?:\.(\d{1,20})\.(-?\d{1,10}))?$/

/** Returns a mark as text. It begins with the product's name, which people see in conflicts of their applies. */
export const markText = ({ instance, lastWord, number }: MarkParts): string =>
  ['receiver-hooks', instance, number, ...(lastWord ? [lastWord.since, lastWord.word] : [])].join('.')

/** Parses a mark. Undefined if the text is none, for example the name of a fence or of another writer. */
export const parseMark = (text: string): MarkParts | undefined => {
  const [, instance, number, since, word] = marks.exec(text) ?? []
  if (instance === undefined || number === undefined) return undefined
  return {
    instance,
    number,
    ...(since !== undefined && word !== undefined && { lastWord: { since, word: Number(word) } }),
  }
}

/**
 * Returns what the mark of a write says that replaces a version of an object. A write that replaces a
 * count of ours keeps what somebody else has last said.
 */
export const lastWordAfter = ({
  count,
  lastWord,
  resourceVersion,
}: {
  readonly count: number
  readonly lastWord?: LastWord | undefined
  readonly resourceVersion: string
}): LastWord => lastWord ?? { since: resourceVersion, word: count }

/** Whose a count is, for what a hook has changed since a version. */
export type Whose =
  /** Only hooks have written the count since. */
  | 'ours'
  /** Somebody else has written the count since. */
  | 'theirs'
  /** What was read is older than the change, so it must be read again. */
  | 'outdated'

/**
 * Returns whose a count is for a change that was made since the version `since`. `lastWord` is that of
 * the count as it was read. It is undefined if somebody else has written the count last, in
 * `resourceVersion` or before.
 */
export const whoseCount = (
  since: string,
  { lastWord, resourceVersion }: { readonly lastWord?: LastWord | undefined; readonly resourceVersion: string },
): Whose => {
  const order = compareVersions(since, lastWord?.since ?? resourceVersion)
  if (order < 0) return 'theirs'
  return order === 0 && lastWord ? 'ours' : 'outdated'
}

/** Compares two resourceVersions of one object, which are rising numbers. Negative if the first is older. */
export const compareVersions = (a: string, b: string): number => {
  const [first, second] = [BigInt(a), BigInt(b)]
  return first < second ? -1 : first > second ? 1 : 0
}
