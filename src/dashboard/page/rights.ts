import { signal, type Signal } from '@preact/signals'
import type { RightName, Rights, Row } from '../protocol.ts'
import { ask } from './ask.ts'
import { now } from './browser.ts'
import { me } from './session.ts'

interface Known {
  readonly rights: Signal<Rights | undefined>
  askedAt: number
}

const known = new Map<string, Known>()

/** As long as the server takes its own answer for true, in milliseconds. */
const goodForMs = 30_000

/** What the user may do in a namespace; undefined until the answer is here. */
export const rightsIn = (namespace: string): Signal<Rights | undefined> => {
  const found = known.get(namespace) ?? { rights: signal<Rights | undefined>(undefined), askedAt: -Infinity }
  known.set(namespace, found)
  if (namespace !== '' && now() - found.askedAt > goodForMs) {
    found.askedAt = now()
    void ask<Rights>('GET', `/api/namespaces/${namespace}/may`).then(answer => {
      if (answer.ok) found.rights.value = answer.body
    })
  }
  return found.rights
}

/** Why the user may not do something in a namespace; undefined where they may, or where that is not known yet. */
export const whyNot = (namespace: string, right: RightName): string | undefined => {
  const may = rightsIn(namespace).value?.[right]
  if (may === undefined || may.allowed) return undefined
  const user = me.value?.user ?? 'you'
  return `${user} may not ${may.verb} ${may.resource} in namespace ${namespace}${may.why === undefined ? '' : ` (${may.why})`}`
}

/** Why the URL of a hook cannot be shown, where that is known. */
export const whyNoURL = (row: Row): string | undefined => {
  if (row.url === 'none') return 'no URL has been published yet'
  return row.url === 'secret' ? whyNot(row.namespace, 'secrets') : undefined
}
