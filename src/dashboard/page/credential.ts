import { signal } from '@preact/signals'
import type { Refusal, SignIn } from '../protocol.ts'
import { documentSays, kept } from './browser.ts'

/** How people sign in here. */
export const signInWay = ((): SignIn => {
  const way = documentSays('signIn')
  return way === 'token' || way === 'header' ? way : 'key'
})()

/** In header mode: what only a script of this page can send along. */
const headerModeKey = 'page'

/**
 * The page key of the session: half of what the server asks for; the other half is a cookie that no script can read. All tabs
 * of this origin share it.
 */
export const pageKey = (): string => (signInWay === 'header' ? headerModeKey : (kept.get('page-key') ?? ''))

export const keepPageKey = (key: string | undefined): void => kept.set('page-key', key)

/** Why the session is over; undefined while it is not known to be. */
export const ended = signal<Refusal | undefined>(undefined)

export const sessionEnded = (why: Refusal): void => {
  ended.value = why
}
