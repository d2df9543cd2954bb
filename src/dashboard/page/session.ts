import { signal } from '@preact/signals'
import type { Me, Opened } from '../protocol.ts'
import { ask } from './ask.ts'
import { address } from './browser.ts'
import { ended, keepPageKey, pageKey, sessionEnded, signInWay } from './credential.ts'

/** Who is signed in; undefined while nobody is. */
export const me = signal<Me | undefined>(undefined)

/** Whether the first attempt to find out who is signed in is over. */
export const settled = signal(false)

/** Counts the sessions of this page: a new one opens a new stream. */
export const sessionCount = signal(0)

/** Opens the page: with the key in the address, or with what this browser has kept. */
export const openPage = async (): Promise<void> => {
  const isOpened = await openWithKey()
  if (!isOpened && pageKey() !== '') await learn()
  settled.value = true
  // A link that is pasted into this tab changes the fragment alone, so that the page is not loaded again.
  address.onHash(() => void openWithKey())
}

/** Signs in with the key in the address, which is taken out of it at once. Resolves with whether there was one. */
const openWithKey = async (): Promise<boolean> => {
  const key = new URLSearchParams(address.hash()).get('key')
  if (key === null) return false
  address.replace(address.place())
  const why = await signInWith({ key })
  // An old link opens the session that this browser has, where it has one.
  const isOpen = why === undefined || (pageKey() !== '' && (await learn()) === undefined)
  if (!isOpen) sessionEnded({ reason: 'UsedKey', message: why })
  return true
}

/** Opens a session; resolves with why it was refused. */
export const signInWith = async (
  secret: { readonly key: string } | { readonly token: string },
): Promise<string | undefined> => {
  const opened = await ask<Opened>('POST', '/api/session', secret)
  if (!opened.ok) return opened.refusal.message
  keepPageKey(opened.body.pageKey)
  return await learn()
}

/** Looks who is signed in: once more where the proxy may have signed somebody in anew. */
export const learn = async (): Promise<string | undefined> => {
  const answer = await ask<Me>('GET', '/api/me')
  if (!answer.ok) return answer.refusal.message
  ended.value = undefined
  me.value = answer.body
  sessionCount.value += 1
  return undefined
}

export const signOut = async (): Promise<void> => {
  await ask('DELETE', '/api/session')
  if (signInWay !== 'header') keepPageKey(undefined)
  me.value = undefined
  address.push('/')
  address.reload()
}
