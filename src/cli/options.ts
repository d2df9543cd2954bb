import { milliseconds } from '../api/duration.ts'
import { UsageError, type Completes, type Option } from './command.ts'

type About = Pick<Option<unknown>, 'flag' | 'short' | 'means'> & {
  readonly value: string
  readonly completes?: Completes
}

/** A flag that takes any text. */
export const text = (about: About): Option<string | undefined> => ({ ...about, read: last })

/** A flag that takes any text, and has a default. */
export const textOr = (about: About, otherwise: string): Option<string> => ({
  ...about,
  read: texts => last(texts) ?? otherwise,
})

/** A flag that may be given several times. */
export const texts = (about: About): Option<readonly string[]> => ({ ...about, many: true, read: given => given })

/** A flag without a value. */
export const flag = (about: Pick<Option<unknown>, 'flag' | 'short' | 'means'>): Option<boolean> => ({
  ...about,
  read: given => given.length > 0,
})

/** A flag that takes one of a few words. */
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
    if (found === undefined)
      throw new UsageError(`--${about.flag} must be one of ${choices.join(', ')}, and is ${word}`)
    return found
  },
})

/** A flag that takes a TCP port; 0 takes any free one. */
export const port = (about: Omit<About, 'value'>, otherwise: number): Option<number> => ({
  ...about,
  value: 'PORT',
  read: given => {
    const word = last(given) ?? String(otherwise)
    if (/^[0-9]+$/.test(word) && Number(word) <= 65_535) return Number(word)
    throw new UsageError(`--${about.flag} must be a port from 0 to 65535, and is ${word}`)
  },
})

/** A flag that takes a time such as 30s or 5m. Its value is in milliseconds. */
export const duration = (about: Omit<About, 'value'>, otherwise: string): Option<number> => ({
  ...about,
  value: 'TIME',
  read: given => {
    const word = last(given) ?? otherwise
    const ms = milliseconds(word)
    if (ms !== undefined) return ms
    throw new UsageError(`--${about.flag} must be a number and a unit (h, m, s, ms), as in 30s or 5m, and is ${word}`)
  },
})

/** A flag that takes whole seconds. Its value is in milliseconds. */
export const seconds = (about: Omit<About, 'value'>, otherwise: number): Option<number> => ({
  ...about,
  value: 'SECONDS',
  read: given => {
    const word = last(given) ?? String(otherwise)
    if (/^[0-9]+$/.test(word)) return Number(word) * 1000
    throw new UsageError(`--${about.flag} must be a number of seconds, and is ${word}`)
  },
})

/** The flag that takes what trigger URLs begin with. Its value has no slash at its end. */
export const publicURL = (about: Pick<About, 'means'>): Option<string | undefined> =>
  beginning({ ...about, flag: 'public-url' })

/** How long the beginning of a URL may be: the status of a hook has room for as much, and for the token behind it. */
const maxBeginning = 2048

/** A flag that takes what other URLs begin with. Its value has no slash at its end. */
export const beginning = (about: Omit<About, 'value'>): Option<string | undefined> => ({
  ...about,
  value: 'URL',
  read: given => {
    const word = last(given)
    if (word === undefined) return undefined
    if (!/^https?:\/\//.test(word) || !URL.canParse(word)) {
      throw new UsageError(
        `--${about.flag} must be an http or https URL such as https://hooks.example.com, and is ${word}`,
      )
    }
    // Not as the URL parser sees it, which passes over an empty query, and over blanks and line breaks around it.
    if (/[?#\s]/.test(word))
      throw new UsageError(`--${about.flag} must end with its path: no query, no fragment, no blank`)
    if (word.length > maxBeginning) throw new UsageError(`--${about.flag} may have ${maxBeginning} characters at most`)
    return word.replace(/\/+$/, '')
  },
})

/** The last of what was given counts, as in kubectl. */
const last = (given: readonly string[]): string | undefined => given.at(-1)
