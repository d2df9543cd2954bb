import { computed, signal } from '@preact/signals'
import type { Namespaces } from '../protocol.ts'
import { askServer } from './ask.ts'
import { here, query, rememberList } from './route.ts'
import { me } from './session.ts'

/** The value in the address that stands for all namespaces. */
export const everywhere = '*'

/** The characters of what may be typed as a namespace: a name, or the value for all. */
export const namespacePattern = String.raw`[a-z0-9.\-* ]*`

export const namespaces = signal<Namespaces>({ names: [], complete: false })

export const readNamespaces = async (): Promise<void> => {
  const answer = await askServer<Namespaces>('GET', '/api/namespaces')
  if (answer.ok) namespaces.value = answer.body
}

/**
 * The namespace that was chosen last. It applies to every place without a namespace in its address.
 */
const chosen = signal<string | undefined>(undefined)

/** The namespace whose hooks are shown. Empty for all. */
export const namespaceShown = computed<string>(() => {
  const place = here.value
  // A user may follow a link to a hook, and have access only to the hook's namespace.
  if ('namespace' in place && chosen.value !== everywhere) return place.namespace
  const asked = place.at === 'list' ? (query.value.get('ns') ?? chosen.value) : chosen.value
  const wanted = asked ?? me.value?.namespace ?? everywhere
  return wanted === everywhere ? '' : wanted
})

/**
 * Remembers the namespace of the list: the one in the address, or else the one that the list shows
 * first.
 */
export const rememberNamespace = (): void => {
  if (here.value.at !== 'list') return
  const asked = query.value.get('ns')
  if (asked !== null) chosen.value = asked
  else if (me.value !== undefined && chosen.peek() === undefined) chosen.value = me.value.namespace ?? everywhere
}

/** Shows the hooks of a namespace from now on, in the list as well. */
export const showNamespace = (name: string): void => {
  if (namespaceShown.peek() === name) return
  chosen.value = name
  rememberList(`/?ns=${encodeURIComponent(name)}`)
}

/** Forgets the choice of all namespaces, because the user may not list their hooks. */
export const forgetEverywhere = (): void => {
  if (chosen.peek() === everywhere) chosen.value = undefined
}
