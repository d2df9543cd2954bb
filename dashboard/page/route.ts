import { computed, effect, signal } from '@preact/signals'
import { address, mayLeave } from './browser.ts'

/** The path and the query of the page's URL. A change shows another place. */
export const place = signal(address.place())

/** The place that the page shows, as parsed from its path. */
export type PagePlace =
  | { readonly at: 'list' }
  | { readonly at: 'new'; readonly from?: string }
  | { readonly at: 'hook' | 'edit'; readonly namespace: string; readonly name: string }
  | { readonly at: 'target'; readonly namespace: string; readonly kind: string; readonly name: string }
  | { readonly at: 'me' | 'sign-in' | 'health' | 'nowhere' }

const url = computed(() => new URL(place.value, 'http://page'))

export const query = computed(() => url.value.searchParams)

export const here = computed<PagePlace>(() => {
  const [, first = '', namespace = '', name = '', action = '', ...more] = url.value.pathname.split('/')
  if (more.length > 0) return { at: 'nowhere' }
  if (first === 'hooks' && namespace !== '' && name !== '') {
    if (action === '') return { at: 'hook', namespace, name }
    if (action === 'edit') return { at: 'edit', namespace, name }
  }
  if (first === 'targets' && action !== '') return { at: 'target', namespace, kind: name, name: action }
  if (namespace !== '') return { at: 'nowhere' }
  switch (first) {
    case '':
      return { at: 'list' }
    case 'new': {
      const from = query.value.get('from')
      return from === null ? { at: 'new' } : { at: 'new', from }
    }
    case 'me':
    case 'health':
    case 'sign-in':
      return { at: first }
    default:
      return { at: 'nowhere' }
  }
})

address.onMove(() => {
  if (mayLeave()) place.value = address.place()
  // The browser has moved already.
  else address.push(place.peek())
})

const lastList = signal('/')
effect(() => {
  if (here.value.at === 'list') lastList.value = place.value
})

/** Returns the link to the list with its last search and order. */
export const listHref = (): string => lastList.value

/** Makes another list the one that {@link listHref} leads to. */
export const rememberList = (href: string): void => void (lastList.value = href)

export const goto = (href: string): void => {
  if (!mayLeave()) return
  address.push(href)
  place.value = href
}

/** Changes the list's query without a new entry in the history. */
export const setQuery = (changes: Readonly<Record<string, string>>): void => {
  const params = new URLSearchParams(query.value)
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') params.delete(name)
    else params.set(name, value)
  }
  const text = params.toString()
  const href = url.value.pathname + (text === '' ? '' : `?${text}`)
  address.replace(href)
  place.value = href
}

export const hookHref = (key: string): string => `/hooks/${key}`
export const editHref = (key: string): string => `/hooks/${key}/edit`
export const cloneHref = (key: string): string => `/new?from=${key}`

/** Returns the link to the page of an object, such as `Deployment/web`. */
export const targetHref = (namespace: string, object: string): string => `/targets/${namespace}/${object}`
