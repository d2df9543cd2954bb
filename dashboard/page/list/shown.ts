import { computed } from '@preact/signals'
import { query } from '../route.ts'
import { all } from '../store.ts'
import { search, type SortBy, type Sorting } from './search.ts'

const sortables: readonly SortBy[] = ['name', 'target', 'last', 'ready']

/**
 * The search text. It is read from the address, so that a link shows the same list to others. It
 * changes together with the address. If it changed later, the search field would lose letters that
 * the user has just typed.
 */
export const searched = computed(() => query.value.get('q') ?? '')

/** The sort order. It is read from the address, like the search text. */
export const sorting = computed<Sorting>(() => {
  const [, minus, name = ''] = /^(-?)(.*)$/.exec(query.value.get('sort') ?? '') ?? []
  return { by: sortables.find(by => by === name) ?? 'need', descending: minus === '-' }
})

/** The keys of the shown hooks, in their order. */
export const shown = computed<readonly string[]>(() =>
  search(all.value, searched.value, sorting.value).map(row => row.key),
)
