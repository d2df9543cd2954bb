import { compare, Range, SemVer } from 'semver'
import type { Tags } from './schema.ts'

/** A rule of tags, ready to be asked. */
export interface TagRule {
  /** Whether a push of this tag is wanted at all. */
  wants(tag: string): boolean
  /** Negative when the first is the lower version, and 0 where tags are no versions, so that the time of a push decides. */
  order(one: string, other: string): number
}

/** Reads the rule of a hook; undefined where a range is none. */
export const tagRule = ({ exact, glob, semver }: Tags): TagRule | undefined => {
  if (exact) return { wants: tag => exact.includes(tag), order: () => 0 }
  if (glob !== undefined) return { wants: tag => matchesGlob(glob, tag), order: () => 0 }
  const range = rangeOf(semver ?? '')
  return (
    range && {
      wants: tag => {
        const version = versionOf(tag)
        return version !== undefined && range.test(version)
      },
      order: (one, other) => compareTags(one, other),
    }
  )
}

const rangeOf = (text: string): Range | undefined => {
  try {
    return new Range(text)
  } catch {
    return undefined
  }
}

/** The version that a tag is, with or without a `v`, in full; undefined for any other tag. */
const versionOf = (tag: string): SemVer | undefined => {
  try {
    return /^v?\d+\.\d+\.\d+/.test(tag) ? new SemVer(tag) : undefined
  } catch {
    return undefined
  }
}

/** A tag that is no version gives way to every version. */
const compareTags = (one: string, other: string): number => {
  const [first, second] = [versionOf(one), versionOf(other)]
  if (!first || !second) return Number(first !== undefined) - Number(second !== undefined)
  return compare(first, second)
}

/**
 * Whether a text matches a pattern in which `*` is any text and `?` any character. A star that was passed is only ever taken
 * back to the last one, so that the time is at most the product of both lengths: the pattern is a tenant's.
 */
export const matchesGlob = (pattern: string, text: string): boolean => {
  let at = 0
  let star = -1
  let resume = 0
  for (let index = 0; index < text.length;) {
    const sign = pattern[at]
    if (sign === '*') {
      star = at++
      resume = index
    } else if (sign === '?' || (sign !== undefined && sign === text[index])) {
      at += 1
      index += 1
    } else if (star >= 0) {
      at = star + 1
      index = ++resume
    } else return false
  }
  return /^\**$/.test(pattern.slice(at))
}
