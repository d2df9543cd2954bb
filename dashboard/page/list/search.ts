import type { ListedHook } from '../../protocol.ts'

export type SortBy = 'need' | 'name' | 'target' | 'last' | 'ready'

export interface Sorting {
  readonly by: SortBy
  readonly descending: boolean
}

/** The search word for the hooks whose condition `Ready` is `False`. */
export const needyWord = 'not:ready'

/** Words of the search that ask for a state of a hook, with what the list's buttons call it. */
export const stateWords: readonly (readonly [word: string, title: string, holds: (row: ListedHook) => boolean])[] = [
  ['is:ready', 'Ready', row => row.ready === 'True' && !row.suspended],
  [needyWord, 'Not ready', row => row.ready === 'False'],
  ['is:suspended', 'Suspended', row => row.suspended],
  ['is:leased', 'Leased', row => row.leases !== undefined],
]

/** Returns the search word for the hooks of a driver. */
export const driverWord = (driver: string): string => `driver:${driver.toLowerCase()}`

/** Returns a search text with a word, or without it if it is there. */
export const toggled = (text: string, word: string): string => {
  const words = wordsIn(text)
  return (words.includes(word) ? words.filter(each => each !== word) : [...words, word]).join(' ')
}

export const wordsIn = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .split(/\s+/)
    .filter(word => word !== '')

/**
 * Returns the hooks whose names and other shown texts contain every word of `text`, sorted. Numbers
 * in names sort by value: web-2 is before web-10.
 */
export const search = (
  rows: readonly ListedHook[],
  text: string,
  { by, descending }: Sorting,
): readonly ListedHook[] => {
  const words = wordsIn(text)
  const found = words.length === 0 ? [...rows] : rows.filter(row => words.every(word => matches(row, word)))
  const sign = descending ? -1 : 1
  const compare = comparisons[by]
  return found.sort((a, b) => sign * compare(a, b) || natural(a.key, b.key))
}

const matches = (row: ListedHook, word: string): boolean =>
  stateWords.find(([state]) => state === word)?.[2](row) ??
  (driverWord(row.driver) === word || textOf(row).includes(word))

const texts = new WeakMap<ListedHook, string>()

const textOf = (row: ListedHook): string => {
  const known = texts.get(row)
  if (known !== undefined) return known
  const { does, key, last, reason, suspended, target } = row
  const text = [key, does, target, reason, suspended ? 'suspended' : '', last?.outcome, last?.sender, last?.reason]
  const joined = text.join(' ').toLowerCase()
  texts.set(row, joined)
  return joined
}

const collator = new Intl.Collator('en', { numeric: true })
const natural = (a: string, b: string): number => collator.compare(a, b)

const ranks: Readonly<Record<ListedHook['ready'], number>> = { False: 0, Unknown: 1, True: 2 }

const comparisons: Readonly<Record<SortBy, (a: ListedHook, b: ListedHook) => number>> = {
  // Hooks whose condition `Ready` is `False` come first.
  need: (a, b) => Number(b.ready === 'False') - Number(a.ready === 'False') || natural(a.name, b.name),
  name: (a, b) => natural(a.name, b.name),
  target: (a, b) => natural(a.target ?? '', b.target ?? ''),
  // RFC 3339 times in UTC can be compared as texts: a later time is a greater text.
  last: (a, b) => compareText(a.last?.time ?? '', b.last?.time ?? ''),
  ready: (a, b) => ranks[a.ready] - ranks[b.ready] || natural(a.reason, b.reason),
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
