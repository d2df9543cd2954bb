import { signal } from '@preact/signals'

/** The hook from which the user left. It gets the focus back in the list. */
export const lastVisited = signal<string | undefined>(undefined)
