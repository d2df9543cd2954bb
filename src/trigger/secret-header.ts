import type { Auth } from '../api/auth.ts'

/** Returns headers without the one that `auth` compares as a secret, if it compares one of its own. */
export const withoutSecret = (
  headers: Readonly<Record<string, string>>,
  auth: Auth | undefined,
): Readonly<Record<string, string>> => {
  if (auth?.form !== 'header') return headers
  const { [auth.header.toLowerCase()]: _, ...others } = headers
  return others
}
