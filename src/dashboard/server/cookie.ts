import type { Response } from 'express'
import { parseCookie } from 'cookie'
import type { Reached } from './origin-check.ts'

/** The cookie of a session: by port without TLS, since a browser sends a cookie to every port of its host. */
export const cookieName = ({ origin, secure }: Reached): string =>
  secure ? '__Host-receiver-hooks' : `receiver-hooks-${origin.split(':')[2] ?? '80'}`

/** Returns the value of a cookie; undefined where it is missing, or there with two values: another port may have set one. */
export const cookieIn = (header: string, name: string): string | undefined => {
  const first = parseCookie(header)[name]
  const last = parseCookie(header.split(';').toReversed().join(';'))[name]
  return first === last ? first : undefined
}

/**
 * Sets a session's cookie, or takes it away. The `__Host-` prefix asks for the whole host (RFC 6265bis, 4.1.3.2); without TLS the
 * cookie goes to /api/ alone.
 */
export const setCookie = (response: Response, reached: Reached, id: string | undefined): void => {
  const { secure } = reached
  response.cookie(cookieName(reached), id ?? '', {
    httpOnly: true,
    sameSite: 'strict',
    secure,
    path: secure ? '/' : '/api/',
    ...(id === undefined ? { maxAge: 0 } : {}),
  })
}
