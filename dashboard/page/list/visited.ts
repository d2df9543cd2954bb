import { signal } from '@preact/signals'

/** The key of the hook whose page the user opened last. The list then focuses its row. */
export const lastVisited = signal<string | undefined>(undefined)
