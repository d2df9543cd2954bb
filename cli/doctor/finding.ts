import type { StoredObject } from '../../src/api/object.ts'

/** The result of one check. */
export interface Finding {
  readonly about: string
  readonly is: 'ok' | 'warning' | 'failure'
  readonly message: string
  /** What the user should do. Absent if the check passed. */
  readonly todo?: string
  /** True if the check could not look, for example because the user may not. */
  readonly unseen?: true
}

export const ok = (about: string, message: string): Finding => ({ about, is: 'ok', message })
export const warning = (about: string, message: string, todo: string): Finding => ({
  about,
  is: 'warning',
  message,
  todo,
})
export const failure = (about: string, message: string, todo: string): Finding => ({
  about,
  is: 'failure',
  message,
  todo,
})

/** Returns the names of the first three objects. */
export const firstNamesOf = (objects: readonly Pick<StoredObject, 'metadata'>[]): string =>
  objects
    .slice(0, 3)
    .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    .join(', ')
