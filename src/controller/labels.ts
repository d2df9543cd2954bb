/** The label of every object that the controller creates. */
export const managedByLabel = { 'app.kubernetes.io/managed-by': 'receiver-hooks' } as const

/**
 * The label of a hook's Secret with the hook's uid. It finds the Secret without reading any other.
 */
export const hookUidLabel = 'receiverhooks.dev/hook-uid'
