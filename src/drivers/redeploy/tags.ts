import { compare, Range, SemVer } from 'semver'
import type { Tags } from './schema.ts'

export interface TagRule {
  wants(tag: string): boolean
  /**
   * Compares two tags by their versions. Negative if the first is lower. 0 if the rule does not
   * compare versions, or neither is lower: then the time of the push decides.
   */
  order(one: string, other: string): number
}

/** Parses the rule of a hook. Returns undefined for an invalid range. */
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

/** Returns the version of a tag, with or without `v`. Returns undefined if it is no full version. */
const versionOf = (tag: string): SemVer | undefined => {
  try {
    return /^v?\d+\.\d+\.\d+/.test(tag) ? new SemVer(tag) : undefined
  } catch {
    return undefined
  }
}

/**
 * Returns the version of a tag for a comparison. No range takes some of these tags, but a container may
 * run them: `1.4.3_b1`, in which Helm writes `_` for `+`, `1.5`, and `1.4.3.2` with four parts. A single
 * number is none, because it may count builds.
 */
const comparedVersionOf = (tag: string): SemVer | undefined => {
  const exact = versionOf(tag)
  if (exact) return exact
  const [, major, minor, patch = '0', before = ''] =
    /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:\.\d+)?(-[0-9A-Za-z.-]+)?(?:_.*)?$/.exec(tag) ?? []
  const parts = [major, minor, patch].map(Number)
  return parts.every(Number.isFinite) ? versionOf(`${parts.join('.')}${before}`) : undefined
}

/** Compares two tags by their versions. A tag that is no version is lower than every version. */
const compareTags = (one: string, other: string): number => {
  const [first, second] = [comparedVersionOf(one), comparedVersionOf(other)]
  if (!first || !second) return Number(first !== undefined) - Number(second !== undefined)
  return compare(first, second)
}

/**
 * Returns whether a text matches a pattern, in which `*` is any text and `?` any character. The
 * search goes back only to the last star, so its time is at most the product of both lengths. This
 * matters because a tenant writes the pattern.
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
