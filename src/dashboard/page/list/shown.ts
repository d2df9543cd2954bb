import { computed } from '@preact/signals'
import { query } from '../route.ts'
import { all } from '../store.ts'
import { search, type SortBy, type Sorting } from './search.ts'

const sortables: readonly SortBy[] = ['name', 'target', 'last', 'ready']

/**
 * The search text, read from the address, so that a link shows the same list. It must never be
 * older than the address, because the search field would lose letters typed meanwhile.
 */
export const searched = computed(() => query.value.get('q') ?? '')

/** The sort order, from the address too. */
export const sorting = computed<Sorting>(() => {
  const [, minus, name = ''] = /^(-?)(.*)$/.exec(query.value.get('sort') ?? '') ?? []
  return { by: sortables.find(by => by === name) ?? 'need', descending: minus === '-' }
})

/** The keys of the shown hooks, in their order. */
export const shown = computed<readonly string[]>(() =>
  search(all.value, searched.value, sorting.value).map(row => row.key),
)
