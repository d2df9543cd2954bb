import { signal } from '@preact/signals'
import type { Me, ServerRefusal } from '../protocol.ts'
import { askServer } from './ask.ts'
import { address, now, onKept } from './browser.ts'
import { ended, keepPageKey, pageKey, sessionEnded, signInWay } from './credential.ts'

/** The signed-in user, or undefined. */
export const me = signal<Me | undefined>(undefined)

/** True once the page knows whether it has a session. Before that it does not show the sign-in. */
export const settled = signal(false)

/** Counts the sessions of this page. A new session opens a new stream. */
export const sessionCount = signal(0)

/** Opens the page with the key in the address, or with the stored session. */
export const openPage = async (): Promise<void> => {
  const isOpened = await openWithKey()
  if (!isOpened && pageKey() !== '') await learnOr()
  settled.value = true
  // A link pasted into this tab changes only the fragment, so the page is not loaded again.
  address.onHash(() => void openWithKey())
  // Tabs share a session: what another tab has signed in with is what this tab acts with.
  onKept('page-key', () => void learn())
}

/**
 * Signs in with the key in the address and removes the key from it. Resolves with whether the
 * address had a key.
 */
const openWithKey = async (): Promise<boolean> => {
  const key = new URLSearchParams(address.hash()).get('key')
  if (key === null) return false
  address.replace(address.place())
  const why = await signInWith({ key })
  // If the link was used before, its session may still exist in this browser.
  const isOpen = why === undefined || (pageKey() !== '' && (await learn()) === undefined)
  if (!isOpen) sessionEnded({ reason: 'UsedKey', message: why })
  return true
}

/** Opens a session. Resolves with why it was refused, or undefined. */
export const signInWith = async (
  secret: { readonly key: string } | { readonly token: string },
): Promise<string | undefined> => {
  const opened = await askServer<{ readonly pageKey: string }>('POST', '/api/session', secret)
  if (!opened.ok) return opened.refusal.message
  keepPageKey(opened.body.pageKey)
  return await learn()
}

/**
 * Reads who is signed in, and counts a new session. Resolves with undefined, or with why nobody is
 * signed in.
 */
export const learn = async (): Promise<string | undefined> => {
  const answer = await askServer<Me>('GET', '/api/me')
  if (!answer.ok) return answer.refusal.message
  ended.value = undefined
  me.value = answer.body
  sessionCount.value += 1
  return undefined
}

/** Reads who is signed in. If nobody is, shows `why`, or else the answer. */
const learnOr = async (why?: ServerRefusal): Promise<void> => {
  const key = pageKey()
  const message = await learn()
  if (message !== undefined) sessionEnded(why ?? { reason: 'Refused', message }, key)
}

/**
 * How soon a stream may be opened again because another session was found, in milliseconds. An API
 * server that takes a token and then does not would otherwise be asked without a pause.
 */
const againMs = 10_000
let againFrom = 0

/**
 * Looks for another session after that of the stream, whose page key is `key`, has ended, and shows `why` if there
 * is none. A proxy may have renewed its token, or another tab may have signed in.
 */
export const continueSession = async (why: ServerRefusal, key: string): Promise<void> => {
  if (now() < againFrom) return sessionEnded(why, key)
  againFrom = now() + againMs
  await learnOr(why)
}

export const signOut = async (): Promise<void> => {
  await askServer('DELETE', '/api/session')
  if (signInWay !== 'header') keepPageKey(undefined)
  me.value = undefined
  address.push('/')
  address.reload()
}
