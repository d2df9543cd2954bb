import { signal } from '@preact/signals'
import type { ServerRefusal, SignIn } from '../protocol.ts'
import { documentSays, kept } from './browser.ts'

/** The sign-in method of this server. */
export const signInWay = ((): SignIn => {
  const way = documentSays('signIn')
  return way === 'token' || way === 'header' ? way : 'key'
})()

/** The page key in header mode. It is no secret, but only a script of this page can send it. */
const headerModeKey = 'page'

/**
 * Returns the session's page key. A request needs this key, and a cookie that scripts cannot read.
 * All tabs of this origin share the key.
 */
export const pageKey = (): string => (signInWay === 'header' ? headerModeKey : (kept.get('page-key') ?? ''))

export const keepPageKey = (key: string | undefined): void => kept.set('page-key', key)

/** Why the session ended. Undefined during a session. */
export const ended = signal<ServerRefusal | undefined>(undefined)

/** Ends the session of a page key on the page. One that has begun since goes on. */
export const sessionEnded = (why: ServerRefusal, key = pageKey()): void => {
  if (key === pageKey()) ended.value = why
}
