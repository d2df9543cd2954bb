/** On every object that the controller creates. */
export const managedByLabel = { 'app.kubernetes.io/managed-by': 'receiver-hooks' } as const

/** On the Secret of a hook: its uid, by which it is found without any other Secret being read. */
export const hookUidLabel = 'receiverhooks.dev/hook-uid'
