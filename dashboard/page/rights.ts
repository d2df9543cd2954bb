import { computed, signal, type Signal } from '@preact/signals'
import type { RightName, Rights, ListedHook } from '../protocol.ts'
import { askServer } from './ask.ts'
import { now } from './browser.ts'
import { me, sessionCount } from './session.ts'

/** What is known, by namespace. Another session may be that of another user. */
const known = computed(() => {
  void sessionCount.value
  return new Map<string, { readonly rights: Signal<Rights | undefined>; askedAt: number }>()
})

/** How long an answer is valid, in milliseconds: as long as the server caches it. */
const goodForMs = 30_000

/**
 * Returns the user's rights in a namespace, and requests them if they are unknown or old. Undefined
 * before the answer arrives.
 */
const rightsIn = (namespace: string): Rights | undefined => {
  const found = known.value.get(namespace) ?? { rights: signal<Rights | undefined>(undefined), askedAt: -Infinity }
  known.value.set(namespace, found)
  if (namespace !== '' && now() - found.askedAt > goodForMs) {
    found.askedAt = now()
    void askServer<Rights>('GET', `/api/namespaces/${namespace}/may`).then(answer => {
      if (answer.ok) found.rights.value = answer.body
    })
  }
  return found.rights.value
}

/**
 * Returns why the user may not do something in a namespace. Returns undefined if the user may do
 * it, or before the answer arrives.
 */
export const whyNot = (namespace: string, right: RightName): string | undefined => {
  const may = rightsIn(namespace)?.[right]
  if (may === undefined || may.allowed) return undefined
  const user = me.value?.user ?? 'you'
  return `${user} may not ${may.verb} ${may.resource} in namespace ${namespace}${may.why === undefined ? '' : ` (${may.why})`}`
}

/**
 * Returns why the URL of a hook cannot be shown. Returns undefined if it can be shown, or before
 * the answer arrives.
 */
export const whyNoURL = (row: ListedHook): string | undefined => {
  if (row.url === 'none') return 'no URL has been published yet'
  return row.url === 'secret' ? whyNot(row.namespace, 'secrets') : undefined
}
