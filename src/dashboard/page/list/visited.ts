import { signal } from '@preact/signals'

/** The hook from which the reader went to another place: back in the list, it gets the focus. */
export const lastVisited = signal<string | undefined>(undefined)
