import type { IncomingMessage, RequestListener } from 'node:http'
import { Router, type ErrorRequestHandler } from 'express'
import { objectNameRule } from '../../src/api/names.ts'
import { webApp } from '../../src/environment/web-app.ts'
import { ApiRefused } from './api.ts'
import { serveAssets } from './assets.ts'
import { Examinations } from './bounded.ts'
import type { Api, Context, DashboardSettings } from './context.ts'
import { healthRoutes } from './handlers/health.ts'
import { hookRoutes } from './handlers/hook.ts'
import { offeredRoutes } from './handlers/offered.ts'
import { pastRoutes } from './handlers/past.ts'
import { requestLimit, sessionRoutes } from './handlers/session.ts'
import { stopRoutes } from './handlers/stop.ts'
import { streamRoutes } from './handlers/stream.ts'
import { targetRoutes } from './handlers/target.ts'
import { useRoutes } from './handlers/use.ts'
import { userRoutes } from './handlers/user.ts'
import { writeRoutes } from './handlers/write.ts'
import { jsonBody } from './json-body.ts'
import { oneTimeKey } from './key.ts'
import { maxBodyBytes } from './limits.ts'
import { originCheck } from './origin-check.ts'
import { errorHandler, RefusedError } from './refused.ts'
import { UserRights } from './user-rights.ts'
import { securityHeaders } from './security-headers.ts'
import { Sessions, type Session } from './session.ts'

export interface Dashboard {
  readonly listener: RequestListener
  /** Makes the key for another link. */
  makeKey(): string
  /** Ends all sessions. */
  close(): void
}

/**
 * Makes the dashboard's server. The code below adds what each request passes, in that order. The
 * routes are declared in `handlers/`.
 */
export const createDashboard = (world: Context['world'], settings: DashboardSettings): Dashboard => {
  const { assets, connectAs, served, sessionMs, signIn, version } = settings
  const key = oneTimeKey(world.clock, world.random)
  const sessions = new Sessions(world.clock, world.random, sessionMs)
  const signedIn = new WeakMap<IncomingMessage, Session>()
  const sessionOf = (request: IncomingMessage): Session => {
    const session = signedIn.get(request)
    if (session === undefined) throw new Error('this route needs a signed-in user')
    return session
  }
  const used = { examinations: new Examinations(), rights: new UserRights(world.clock) }
  const context: Context = { ...settings, ...used, world, sessions, sessionOf }
  const session = sessionRoutes(context, { connectAs, key, served })

  const api = Router({ caseSensitive: true, strict: true })
  checkNames(api)
  session.open(api)
  api.use(async (request, _response, next) => {
    signedIn.set(request, await session.find(request))
    // A client that left during the sign-in gets no place: nothing would say that the place is free.
    if (!request.socket.destroyed) next()
  })
  streamRoutes(api, context)
  api.use(requestLimit(context))
  const readBody = jsonBody(maxBodyBytes)
  api.use((request, response, next) => (request.method === 'GET' ? next() : readBody(request, response, next)))
  session.close(api)
  const ofHooks = [hookRoutes, writeRoutes, useRoutes, pastRoutes]
  for (const declare of [userRoutes, targetRoutes, offeredRoutes, ...ofHooks, healthRoutes, stopRoutes]) {
    declare(api, context)
  }
  api.use(() => {
    throw nothingHere()
  })
  api.use(endExpired(sessions, signedIn))

  const app = webApp()
  app.use(securityHeaders, originCheck(served))
  app.use('/api', api)
  app.use(serveAssets(assets, signIn, version))
  app.use(errorHandler(world.log))
  return { listener: app, makeKey: () => key.make(), close: () => sessions.endAll() }
}

const nothingHere = (): RefusedError => new RefusedError(404, 'NotFound', 'the dashboard has nothing at this path')

/**
 * Refuses a path parameter that is not a valid object name. Otherwise a parameter could lead to
 * another path of the API server.
 */
const checkNames = (api: Api): void => {
  for (const name of ['namespace', 'name']) {
    api.param(name, (_request, _response, next, value: string) =>
      next(objectNameRule.holds(value) ? undefined : nothingHere()),
    )
  }
  api.param('kind', (_request, _response, next, value: string) =>
    next(/^[A-Za-z]{1,63}$/.test(value) ? undefined : nothingHere()),
  )
}

/** Ends a session when the API server no longer accepts its token. */
const endExpired =
  (sessions: Sessions, signedIn: WeakMap<IncomingMessage, Session>): ErrorRequestHandler =>
  (error: unknown, request, _response, next) => {
    const session = signedIn.get(request)
    if (session !== undefined && error instanceof ApiRefused && error.status === 401) sessions.end(session, 'expired')
    next(error)
  }
