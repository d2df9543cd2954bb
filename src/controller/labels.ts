/** The label of every object that the controller creates. */
export const managedByLabel = { 'app.kubernetes.io/managed-by': 'receiver-hooks' } as const

/**
 * The label on a hook's Secret. Its value is the hook's uid, so a list by this label needs to read
 * no other Secret.
 */
export const hookUidLabel = 'receiverhooks.dev/hook-uid'
