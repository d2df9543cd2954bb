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
  const asked = place.at === 'list' ? (query.value.get('ns') ?? chosen.value) : chosen.value
  const wanted = asked ?? me.value?.namespace ?? everywhere
  if ((place.at === 'hook' || place.at === 'edit') && wanted !== everywhere) return place.namespace
  return wanted === everywhere ? '' : wanted
})

/** Remembers what the address of the list says. */
export const rememberNamespace = (): void => {
  const asked = here.value.at === 'list' ? query.value.get('ns') : null
  if (asked !== null) chosen.value = asked
}
