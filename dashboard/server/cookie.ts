import type { Response } from 'express'
import { parseCookie } from 'cookie'
import type { Reached } from './origin-check.ts'

/**
 * Returns the name of the session cookie. Without TLS it contains the port, because a browser sends
 * cookies to every port of a host.
 */
export const cookieName = ({ origin, secure }: Reached): string =>
  secure ? '__Host-receiver-hooks' : `receiver-hooks-${origin.split(':')[2] ?? '80'}`

/**
 * Returns a cookie's value. Returns undefined if the cookie is missing or has two values, because
 * another port of the host may have set one of them.
 */
export const cookieIn = (header: string, name: string): string | undefined => {
  const first = parseCookie(header)[name]
  const last = parseCookie(header.split(';').toReversed().join(';'))[name]
  return first === last ? first : undefined
}

/**
 * Sets or removes the session cookie. With the prefix `__Host-`, its path must be `/` (RFC 6265bis,
 * 4.1.3.2). Without TLS the cookie is only for /api/.
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
