import { computed } from '@preact/signals'
import { query } from '../route.ts'
import { all } from '../store.ts'
import { search, type SortBy, type Sorting } from './search.ts'

const sortables: readonly SortBy[] = ['name', 'target', 'last', 'ready']

/**
 * What the list is searched for. It is read from the address, so that a link shows what its sender saw; and it is never
 * behind the address, or the search field would be drawn without the letters that were typed meanwhile.
 */
export const searched = computed(() => query.value.get('q') ?? '')

/** By what the list is sorted, from the address as well. */
export const sorting = computed<Sorting>(() => {
  const [, minus, name = ''] = /^(-?)(.*)$/.exec(query.value.get('sort') ?? '') ?? []
  return { by: sortables.find(by => by === name) ?? 'need', descending: minus === '-' }
})

/** The keys of the hooks that are shown, in their order. */
export const shown = computed<readonly string[]>(() =>
  search(all.value, searched.value, sorting.value).map(row => row.key),
)
