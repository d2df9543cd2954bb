import { computed, signal } from '@preact/signals'
import type { Namespaces } from '../protocol.ts'
import { ask } from './ask.ts'
import { here, query } from './route.ts'
import { me } from './session.ts'

/** What the address says for all namespaces. */
export const everywhere = '*'

export const namespaces = signal<Namespaces>({ names: [], complete: false })

export const readNamespaces = async (): Promise<void> => {
  const answer = await ask<Namespaces>('GET', '/api/namespaces')
  if (answer.ok) namespaces.value = answer.body
}

/** The namespace that was chosen last: places without one in their address show it. */
const chosen = signal<string | undefined>(undefined)

/** The namespace whose hooks are shown; empty for all. */
export const namespaceShown = computed<string>(() => {
  const place = here.value
  // Somebody who follows a link to a hook may see its namespace alone.
  if ((place.at === 'hook' || place.at === 'edit') && chosen.value !== everywhere) return place.namespace
  const asked = place.at === 'list' ? (query.value.get('ns') ?? chosen.value) : chosen.value
  const wanted = asked ?? me.value?.namespace ?? everywhere
  return wanted === everywhere ? '' : wanted
})

/** Remembers what the list shows: by its address, or else what it shows first. */
export const rememberNamespace = (): void => {
  if (here.value.at !== 'list') return
  const asked = query.value.get('ns')
  if (asked !== null) chosen.value = asked
  else if (me.value !== undefined && chosen.peek() === undefined) chosen.value = me.value.namespace ?? everywhere
}
