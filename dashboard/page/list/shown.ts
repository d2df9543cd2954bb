import { computed, signal } from '@preact/signals'
import type { ListedHook } from '../../protocol.ts'
import { query } from '../route.ts'
import { all, rowSignal } from '../store.ts'
import { targetObject } from '../words/hooks.ts'
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

/** Whether hooks that act on the same object stand together. */
export const isGrouped = computed(() => query.value.get('group') === 'target')

/** The hooks that the search finds, in their order. */
export const found = computed(() => search(all.value, searched.value, sorting.value))

/** Begins the key of a group's row. No key of a hook begins so. */
const groupMark = '='

/** Returns the object of a group, as `namespace/Kind/name`, from the key of its row. Undefined for a hook. */
export const groupIn = (key: string): string | undefined =>
  key.startsWith(groupMark) ? key.slice(groupMark.length) : undefined

const groupOf = ({ namespace, target = '' }: ListedHook): string => `${namespace}/${targetObject(target) ?? target}`

/** The hooks that the search finds, by the object on which they act. */
export const groups = computed(() => Map.groupBy(found.value, groupOf))

/** The keys of the shown rows, in their order: of hooks, and of the groups before their hooks. */
export const shown = computed<readonly string[]>(() =>
  isGrouped.value
    ? [...groups.value].flatMap(([group, rows]) => [groupMark + group, ...rows.map(({ key }) => key)])
    : found.value.map(({ key }) => key),
)

/** The keys of the hooks that the user has marked. */
const marked = signal<ReadonlySet<string>>(new Set())

/** The marked hooks that are still there. */
export const chosenRows = computed(() => [...marked.value].flatMap(key => rowSignal(key)?.value ?? []))

export const isChosen = (key: string): boolean => marked.value.has(key)

export const choose = (key: string, isIn: boolean): void => {
  const keys = new Set(marked.value)
  if (isIn) keys.add(key)
  else keys.delete(key)
  marked.value = keys
}

/** Marks all hooks that the search finds, or none. */
export const chooseAll = (isIn: boolean): void => {
  marked.value = new Set(isIn ? found.peek().map(({ key }) => key) : [])
}

/** The key of the hook whose page the user opened last. The list then focuses its row. */
export const lastVisited = signal<string | undefined>(undefined)
