import type { Credentials } from '../../src/api/credentials.ts'
import { shownBy } from '../../src/trigger/auth/shown.ts'

/** Returns whether a post with these headers and this body proves what is asked of it, at `now`. */
export const proves = (
  credentials: Credentials,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
  now = 0,
): boolean => {
  const shown = shownBy(credentials, headers, now)
  return (typeof shown === 'number' ? shown : shown(body)) >= 0
}
