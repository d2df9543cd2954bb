import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Express } from 'express'

/**
 * Makes an express application that gives nothing away: no stack in an answer, no name of its own, no ETag, which would be a digest
 * of a secret. Paths are matched as they are written, and a query is a flat list of texts.
 */
export const webApp = (): Express => {
  const app = express()
  app.set('env', 'production')
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.enable('case sensitive routing')
  app.enable('strict routing')
  return app
}

/** The routes of an application. */
export interface Routes {
  /** `over` is called with what a handler has thrown, or with nothing where no route answers. */
  handle(request: IncomingMessage, response: ServerResponse, over: (error?: unknown) => void): unknown
}

/**
 * The routes of an application, for a server that is made to take many requests. Requests and responses stay Node's: it would take
 * some 8 us to give them express's prototypes. So what a handler may use of express is `params`.
 */
export const routesOf = ({ router }: Express): Routes => ({ handle: router })
