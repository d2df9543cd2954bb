import { createHash } from 'node:crypto'
import { stringAt, tryParseJson } from '../../api/json.ts'
import type { Environment } from '../../environment/environment.ts'
import { singleFlight } from '../../environment/single-flight.ts'
import type { Opened, SignIn } from '../protocol.ts'
import { ApiRefused } from './api.ts'
import { serveAssets, type Assets } from './assets.ts'
import type { Context } from './context.ts'
import { cookieIn, door, setCookie, type Passed, type Served } from './door.ts'
import { json, refuse, Refused, type PageAnswer, type PageRequest } from './exchange.ts'
import { oneTimeKey } from './key.ts'
import { rightsOf, type RightsOfSession } from './rights.ts'
import { routeOf } from './routes.ts'
import { maxSignInBytes, mostBodyBytes } from './limits.ts'
import { Sessions, type Session } from './session.ts'
import { bearerIn, pastedToken, signIn, type ConnectAs } from './sign-in.ts'
import { SignInLimiter, signInSource } from './sign-in-limiter.ts'

export interface DashboardSettings {
  readonly signIn: SignIn
  readonly connectAs: ConnectAs
  readonly assets: Assets
  readonly version: string
  /** How long a session lasts where its token lasts longer, in milliseconds. */
  readonly sessionMs: number
  readonly cluster: string
  readonly namespace?: string
  readonly triggerBase?: string
}

export interface Dashboard {
  /** Answers a request that came in under one of these names. */
  answer(served: Served, request: PageRequest): Promise<PageAnswer>
  /** Makes the key for another link. */
  makeKey(): string
  /** Ends all sessions. */
  close(): void
}

/** In header mode: what only a script of the page can send along. */
const headerModeKey = 'page'

/** The dashboard, without sockets: what a request is answered with. */
export const dashboard = (
  world: Pick<Environment, 'clock' | 'log' | 'outbound' | 'random'>,
  settings: DashboardSettings,
): Dashboard => {
  const sessions = new Sessions(world.clock, world.random, settings.sessionMs)
  const key = oneTimeKey(world.clock, world.random)
  const asset = serveAssets(settings.assets, settings.signIn, settings.version)
  const rights = new WeakMap<Session, RightsOfSession>()
  const opening = singleFlight<Session | PageAnswer>()
  const context: Context = {
    world,
    sessions,
    signIn: settings.signIn,
    cluster: settings.cluster,
    namespace: settings.namespace,
    triggerBase: settings.triggerBase,
    version: settings.version,
    rights: session => {
      const known = rights.get(session) ?? rightsOf(session.api, world.clock)
      rights.set(session, known)
      return known
    },
  }

  const signInOnce = sessionOpener(new SignInLimiter(world.clock), settings.connectAs, sessions)

  const openSession = async (passed: Passed, request: PageRequest): Promise<PageAnswer> => {
    const body = await bodyOf(request, maxSignInBytes)
    const token = tokenOf(settings.signIn, passed, body, sent => key.take(sent))
    if ('refused' in token) return token.refused
    const session = await signInOnce(request, token.token)
    if (!isSession(session)) return session
    return json(200, { pageKey: session.pageKey } satisfies Opened, { 'set-cookie': setCookie(passed, session.id) })
  }

  /** In header mode: the session of the token that the proxy sends, opened at its first request. */
  const sessionOfHeader = async (request: PageRequest): Promise<Session | PageAnswer> => {
    const token = bearerIn(request.headers['authorization'])
    if (token === undefined) {
      return refuse(401, 'NoHeader', 'the proxy in front of this page sends no Authorization: Bearer header')
    }
    if (request.headers['x-page-key'] !== headerModeKey) return notSignedIn
    const name = createHash('sha256').update(token).digest('base64url')
    const known = sessions.find(name, undefined)
    if (known !== undefined) return known
    return await opening(name, () => signInOnce(request, token, name))
  }

  const sessionOf = async (passed: Passed, request: PageRequest): Promise<Session | PageAnswer> => {
    if (settings.signIn === 'header') return await sessionOfHeader(request)
    const id = cookieIn(request.headers['cookie'], passed.cookie) ?? ''
    return sessions.find(id, request.headers['x-page-key'] ?? '') ?? notSignedIn
  }

  const api = async (passed: Passed, request: PageRequest): Promise<PageAnswer> => {
    const { method } = request
    const opens = passed.path === '/api/session' && method === 'POST' && settings.signIn !== 'header'
    if (opens) return await openSession(passed, request)
    const session = await sessionOf(passed, request)
    if (!isSession(session)) return session
    const leave = sessions.request(session)
    if (leave === undefined) return tooManyRequests
    try {
      return await apiOf(session, passed, request)
    } finally {
      leave()
    }
  }

  const apiOf = async (session: Session, passed: Passed, request: PageRequest): Promise<PageAnswer> => {
    const { method } = request
    const body = method === 'GET' ? undefined : await bodyOf(request, mostBodyBytes)
    if (passed.path === '/api/session' && method === 'DELETE') {
      sessions.end(session, 'signed out')
      return json(200, {}, { 'set-cookie': setCookie(passed, undefined) })
    }
    const route = routeOf(method, passed.path)
    if (route === undefined) return refuse(404, 'NotFound', 'the dashboard has nothing at this path')
    const { headers } = request
    const { query } = passed
    const asked = { session, namespace: route.namespace, name: route.name, query, headers, body }
    try {
      return await route.handler(context, asked)
    } catch (error) {
      // A token that the API server no longer takes ends all that was opened with it.
      if (error instanceof ApiRefused && error.status === 401) sessions.end(session, 'expired')
      throw error
    }
  }

  return {
    answer: async (served, request) => {
      const passed = door(served, request)
      if ('refused' in passed) return passed.refused
      if (!passed.path.startsWith('/api/')) return asset(passed.path, request)
      try {
        return await api(passed, request)
      } catch (error) {
        if (error instanceof ApiRefused || error instanceof Refused) return error.answer
        throw error
      }
    },
    makeKey: () => key.make(),
    close: () => sessions.endAll(),
  }
}

/** Signs somebody in, unless too many do from where they are, and opens a session for them. */
const sessionOpener =
  (limiter: SignInLimiter, connectAs: ConnectAs, sessions: Sessions) =>
  async (request: PageRequest, token: string | undefined, name?: string): Promise<Session | PageAnswer> => {
    const attempt = limiter.enter(signInSource(request.address, request.headers['x-forwarded-for']))
    if ('waitMs' in attempt) {
      const seconds = Math.ceil(attempt.waitMs / 1000)
      const message = `too many sign-ins from your address; try again in ${seconds} s`
      return refuse(429, 'TooManySignIns', message, { 'retry-after': String(seconds) })
    }
    try {
      const who = await signIn(connectAs, token)
      if ('refused' in who) {
        if (who.unknown) attempt.fail()
        return who.refused
      }
      const session = sessions.open(who, name)
      if (session !== undefined) return session
      await who.api.close()
      return tooManySessions
    } finally {
      attempt.leave()
    }
  }

const isSession = (found: Session | PageAnswer): found is Session => 'pageKey' in found

const notSignedIn = refuse(401, 'NotSignedIn', 'nobody is signed in here, or the session has ended')

const tooManySessions = refuse(
  429,
  'TooManySessions',
  'too many pages are open, here or under your name: close one, or sign out of it, and try again',
  { 'retry-after': '30' },
)

const tooManyRequests = refuse(
  429,
  'TooManyRequests',
  'too many requests under your name wait for their answers: try again in a moment',
  { 'retry-after': '1' },
)

/** The body of a request as JSON. */
const bodyOf = async (request: PageRequest, maxBytes: number): Promise<unknown> => {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim()
  if (type !== 'application/json') throw new Refused(415, 'UnsupportedMediaType', 'the body must be application/json')
  const body = tryParseJson(await request.body(maxBytes))
  if (body === undefined) throw new Refused(400, 'BadRequest', 'the body is no JSON')
  return body
}

/** The token to sign in with; undefined in it stands for the user of the kubeconfig. */
const tokenOf = (
  mode: SignIn,
  passed: Passed,
  body: unknown,
  takeKey: (sent: string) => boolean,
): { readonly token: string | undefined } | { readonly refused: PageAnswer } => {
  if (mode === 'key') {
    if (takeKey(stringAt(body, 'key') ?? '')) return { token: undefined }
    const message = 'this link was used already, is older than five minutes, or is not of this run'
    return { refused: refuse(401, 'UsedKey', message) }
  }
  if (!passed.secure && !passed.loopback) {
    const message = 'a token must not be sent without TLS: open this page with https, or through kubectl port-forward'
    return { refused: refuse(403, 'NoTLS', message) }
  }
  const token = pastedToken(stringAt(body, 'token') ?? '')
  return token === '' ? { refused: refuse(401, 'NoToken', 'paste a token first') } : { token }
}
