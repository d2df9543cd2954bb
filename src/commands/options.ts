import { milliseconds } from '../api/duration.ts'
import { issuerIn, maxIssuers, type Issuer } from '../token/issuer.ts'
import { UsageError, type Completes, type Option } from './command.ts'

type About = Pick<Option<unknown>, 'flag' | 'short' | 'means'> & {
  readonly value: string
  readonly completes?: Completes
}

export const text = (about: About): Option<string | undefined> => ({ ...about, read: last })

export const textOr = (about: About, otherwise: string): Option<string> => ({
  ...about,
  read: texts => last(texts) ?? otherwise,
})

/**
 * Returns a flag for the name of a namespace. It must not be empty: a variable of a script may not be
 * set.
 */
export const namespaceName = (about: Omit<About, 'value'>): Option<string | undefined> => ({
  ...about,
  value: 'NAME',
  read: given => {
    const name = last(given)
    if (name === '') throw new UsageError(`--${about.flag} is empty: name a namespace, or leave the flag out`)
    return name
  },
})

/** Returns a flag for the names of namespaces, given one by one. None of them may be empty. */
export const namespaceNames = (about: Omit<About, 'value'>): Option<readonly string[]> => {
  const one = namespaceName(about)
  return { ...one, many: true, read: given => given.map(name => one.read([name]) ?? name) }
}

/** Returns a flag that may be given several times. Its value is the list of all given texts. */
export const texts = (about: About): Option<readonly string[]> => ({ ...about, many: true, read: given => given })

/** Returns a flag that takes no value. It is true if it was given. */
export const flag = (about: Pick<Option<unknown>, 'flag' | 'short' | 'means'>): Option<boolean> => ({
  ...about,
  read: given => given.length > 0,
})

/** Returns a flag that takes one of a few words. Its default is `otherwise`. */
export const choice = <const C extends string>(
  about: About,
  choices: readonly C[],
  otherwise: NoInfer<C>,
): Option<C> => ({
  ...about,
  choices,
  read: given => {
    const word = last(given) ?? otherwise
    const found = choices.find(known => known === word)
    if (found === undefined) throw new UsageError(`--${about.flag} must be one of ${choices.join(', ')}, not ${word}`)
    return found
  },
})

/** Returns a flag for a TCP port. 0 means any free port. */
export const port = (about: Omit<About, 'value'>, otherwise: number): Option<number> => ({
  ...about,
  value: 'PORT',
  read: given => {
    const word = last(given) ?? String(otherwise)
    if (/^[0-9]+$/.test(word) && Number(word) <= 65_535) return Number(word)
    throw new UsageError(`--${about.flag} must be a port from 0 to 65535, not ${word}`)
  },
})

/** Returns a flag for a duration such as 30s or 5m. Its value is in milliseconds. */
export const duration = (about: Omit<About, 'value'>, otherwise: string): Option<number> => ({
  ...about,
  value: 'TIME',
  read: given => {
    const word = last(given) ?? otherwise
    const ms = milliseconds(word)
    if (ms !== undefined) return ms
    throw new UsageError(`--${about.flag} must be a number and a unit (h, m, s, ms), as in 30s or 5m, not ${word}`)
  },
})

/**
 * Returns a flag with an optional duration, as in `--wait` and `--wait=5m`. Without a duration it
 * means `otherwise`. The flag's value is in milliseconds, or undefined if the flag is not given.
 */
export const durationIfGiven = (
  about: Omit<About, 'value'>,
  otherwise: string,
  max: string,
): Option<number | undefined> => ({
  ...about,
  value: 'TIME',
  isOptional: true,
  read: given => {
    const word = last(given)
    if (word === undefined) return undefined
    const ms = milliseconds(word === '' ? otherwise : word)
    if (ms !== undefined && ms <= (milliseconds(max) ?? 0)) return ms
    throw new UsageError(
      `--${about.flag} must be a number and a unit (h, m, s, ms) of at most ${max}, as in --${about.flag}=5m, not ${word}`,
    )
  },
})

/** Returns a flag for whole seconds. Its value is in milliseconds. */
export const seconds = (about: Omit<About, 'value'>, otherwise: number): Option<number> => ({
  ...about,
  value: 'SECONDS',
  read: given => {
    const word = last(given) ?? String(otherwise)
    if (/^[0-9]+$/.test(word)) return Number(word) * 1000
    throw new UsageError(`--${about.flag} must be a number of seconds, not ${word}`)
  },
})

/** Returns the flag for the beginning of trigger URLs. Its value has no slash at the end. */
export const publicURL = (about: Pick<About, 'means'>): Option<string | undefined> =>
  beginning({ ...about, flag: 'public-url' })

/**
 * The largest length of a URL's beginning, in characters. A hook's status has room for the
 * beginning and the token.
 */
const maxBeginning = 2048

/**
 * Returns a flag for an http or https URL to which a path can be added. Its value has no slash at
 * the end.
 */
export const beginning = (about: Omit<About, 'value'>): Option<string | undefined> => ({
  ...about,
  value: 'URL',
  read: given => {
    const word = last(given)
    if (word === undefined) return undefined
    if (!/^https?:\/\//.test(word) || !URL.canParse(word)) {
      throw new UsageError(
        `--${about.flag} must be an http or https URL such as https://hooks.example.com, not ${word}`,
      )
    }
    // The URL parser would ignore an empty query, blanks and line breaks.
    if (/[?#\s]/.test(word)) throw new UsageError(`--${about.flag} must end with its path: no query, fragment or space`)
    if (word.length > maxBeginning) throw new UsageError(`--${about.flag} may have at most ${maxBeginning} characters`)
    return word.replace(/\/+$/, '')
  },
})

/** Returns the last value. If a flag is given several times, its last value counts, as in kubectl. */
const last = (given: readonly string[]): string | undefined => given.at(-1)

/** Returns a flag for an issuer of ID tokens. It may be given several times. */
export const issuers = (about: Omit<About, 'value'>): Option<readonly Issuer[]> => ({
  ...about,
  value: 'URL',
  many: true,
  read: given => {
    const found = given.map(text => {
      const issuer = issuerIn(text)
      if (typeof issuer === 'string') throw new UsageError(`--${about.flag}: ${issuer}`)
      return issuer
    })
    if (found.length > maxIssuers) throw new UsageError(`--${about.flag} may be given at most ${maxIssuers} times`)
    const twice = found.find(({ url }, index) => found.some((other, at) => at < index && other.url === url))
    if (twice) throw new UsageError(`--${about.flag} names ${twice.url} twice`)
    return found
  },
})
