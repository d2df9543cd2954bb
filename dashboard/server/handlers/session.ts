import { createHash } from 'node:crypto'
import { parseCookie } from 'cookie'
import type { Request, RequestHandler, Response } from 'express'
import { stringAt } from '../../../src/api/json.ts'
import { singleFlight } from '../../../src/environment/single-flight.ts'
import type { SignIn } from '../../protocol.ts'
import type { Api, Context } from '../context.ts'
import { jsonBody } from '../json-body.ts'
import type { OneTimeKey } from '../key.ts'
import { maxSignInBytes } from '../limits.ts'
import { reachedBy, type Reached, type ServedNames } from '../origin-check.ts'
import { RefusedError } from '../refused.ts'
import type { Session, Sessions } from '../session.ts'
import { SignInLimiter, signInSource } from '../sign-in-limiter.ts'
import { bearerIn, isSendable, pastedToken, signIn, type ConnectAs } from '../sign-in.ts'

/** The page key in header mode. It is no secret, but only a script of the page can send it. */
const headerModeKey = 'page'

export interface SignInDeps {
  readonly connectAs: ConnectAs
  readonly key: OneTimeKey
  readonly served: () => ServedNames
}

/** The routes for signing in and out, and the function that finds the session for other routes. */
export interface SessionRoutes {
  /** Declares the routes that need no session. */
  readonly open: (api: Api) => void
  /** Finds the session of a request. In header mode it opens one for the proxy's token. */
  readonly find: (request: Request) => Promise<Session>
  readonly close: (api: Api) => void
}

export const sessionRoutes = (
  { sessionOf, sessions, signIn: mode, world }: Omit<Context, 'rights'>,
  { connectAs, key, served }: SignInDeps,
): SessionRoutes => {
  const openOnce = sessionOpener(new SignInLimiter(world.clock), connectAs, sessions)
  const opening = singleFlight<Session>()
  const reached = ({ headers }: Request): Reached => {
    const found = reachedBy(served(), headers.host ?? '')
    if (found === undefined) throw new Error('the origin check has let another host pass')
    return found
  }

  const ofHeader = async (request: Request): Promise<Session> => {
    const token = bearerIn(request.headers.authorization)
    if (token === undefined) {
      throw new RefusedError(401, 'NoHeader', 'the proxy in front of this page sends no Authorization: Bearer header')
    }
    if (request.get('x-page-key') !== headerModeKey) throw notSignedIn()
    const name = createHash('sha256').update(token).digest('base64url')
    return sessions.find(name, undefined) ?? (await opening(name, () => openOnce(request, token, name)))
  }

  const ofCookie = (request: Request): Session => {
    const id = cookieIn(request.headers.cookie ?? '', cookieName(reached(request))) ?? ''
    const session = sessions.find(id, request.get('x-page-key') ?? '')
    if (session === undefined) throw notSignedIn()
    return session
  }

  return {
    open: api => {
      if (mode === 'header') return
      api.post('/session', jsonBody(maxSignInBytes), async (request, response) => {
        const token = tokenIn(mode, reached(request), request.body, key)
        const session = await openOnce(request, token)
        setCookie(response, reached(request), session.id)
        response.json({ pageKey: session.pageKey })
      })
    },
    find: async request => (mode === 'header' ? await ofHeader(request) : ofCookie(request)),
    close: api => {
      api.delete('/session', (request, response) => {
        sessions.end(sessionOf(request), 'signed out')
        setCookie(response, reached(request), undefined)
        response.json({})
      })
    },
  }
}

/** Limits the simultaneous requests of one user. */
export const requestLimit =
  ({ sessionOf, sessions }: Pick<Context, 'sessionOf' | 'sessions'>): RequestHandler =>
  (request, response, next) => {
    const leave = sessions.request(sessionOf(request))
    if (leave === undefined) {
      const message = 'too many requests under your name are waiting for answers: try again in a moment'
      throw new RefusedError(429, 'TooManyRequests', message, { headers: { 'retry-after': '1' } })
    }
    response.once('close', leave)
    next()
  }

/** Signs a user in and opens a session, unless too many sign-ins come from the same source. */
const sessionOpener =
  (limiter: SignInLimiter, connectAs: ConnectAs, sessions: Sessions) =>
  async ({ headers, socket }: Request, token: string | undefined, name?: string): Promise<Session> => {
    const forwardedFor = [headers['x-forwarded-for']].flat().join(', ')
    const attempt = limiter.enter(signInSource(socket.remoteAddress, forwardedFor))
    if ('waitMs' in attempt) {
      const seconds = String(Math.ceil(attempt.waitMs / 1000))
      const message = `too many sign-ins from your address; try again in ${seconds} s`
      throw new RefusedError(429, 'TooManySignIns', message, { headers: { 'retry-after': seconds } })
    }
    try {
      const who = await signIn(connectAs, token)
      const session = sessions.open(who, name)
      if (session !== undefined) return session
      await who.api.close()
    } catch (error) {
      if (error instanceof RefusedError && error.status === 401) attempt.fail()
      throw error
    } finally {
      attempt.leave()
    }
    const message = 'too many pages are open, here or under your name: close one, or sign out of it, and try again'
    throw new RefusedError(429, 'TooManySessions', message, { headers: { 'retry-after': '30' } })
  }

/** Returns the token to sign in with. Undefined stands for the kubeconfig's user. */
const tokenIn = (mode: SignIn, reached: Reached, body: unknown, key: OneTimeKey): string | undefined => {
  if (mode === 'key') {
    if (key.take(stringAt(body, 'key') ?? '')) return undefined
    const message = 'this link was already used, is older than five minutes, or is from an earlier run'
    throw new RefusedError(401, 'UsedKey', message)
  }
  if (!reached.secure && !reached.loopback) {
    const message = 'a token must not be sent without TLS: open this page with https, or through kubectl port-forward'
    throw new RefusedError(403, 'NoTLS', message)
  }
  const token = pastedToken(stringAt(body, 'token') ?? '')
  if (token === '') throw new RefusedError(401, 'NoToken', 'paste a token first')
  if (!isSendable(token)) {
    const message = 'this is not a token: it has a character that tokens never have. Copy all of it'
    throw new RefusedError(401, 'NoToken', message)
  }
  return token
}

const notSignedIn = (): RefusedError =>
  new RefusedError(401, 'NotSignedIn', 'nobody is signed in here, or the session has ended')

/**
 * Returns the name of the session cookie. Without TLS it contains the port, because a browser sends
 * cookies to every port of a host.
 */
const cookieName = ({ origin, secure }: Reached): string =>
  secure ? '__Host-receiver-hooks' : `receiver-hooks-${origin.split(':')[2] ?? '80'}`

/**
 * Returns a cookie's value. Returns undefined if the cookie is missing or has two values, because
 * another port of the host may have set one of them.
 */
const cookieIn = (header: string, name: string): string | undefined => {
  const first = parseCookie(header)[name]
  const last = parseCookie(header.split(';').toReversed().join(';'))[name]
  return first === last ? first : undefined
}

/**
 * Sets or removes the session cookie. With the prefix `__Host-`, its path must be `/` (RFC 6265bis,
 * 4.1.3.2). Without TLS the cookie is only for /api/.
 */
const setCookie = (response: Response, reached: Reached, id: string | undefined): void => {
  const { secure } = reached
  response.cookie(cookieName(reached), id ?? '', {
    httpOnly: true,
    sameSite: 'strict',
    secure,
    path: secure ? '/' : '/api/',
    ...(id === undefined ? { maxAge: 0 } : {}),
  })
}
