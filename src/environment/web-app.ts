import type { IncomingMessage, ServerResponse } from 'node:http'
import express, { type Express } from 'express'

/**
 * Makes an express application that reveals nothing: answers have no stack, no product name and no
 * ETag, which would be a digest of a secret. Paths are matched without decoding, and a query is a
 * flat list of texts.
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

export interface Routes {
  /** Handles a request. Calls `over` with an error of a handler, or without one if no route matches. */
  handle(request: IncomingMessage, response: ServerResponse, over: (error?: unknown) => void): unknown
}

/**
 * Returns the routes of an application, for a server with many requests. Requests and responses
 * keep Node's prototypes, because express's prototypes would cost some 8 us a request. So handlers
 * may use nothing of express but `params`.
 */
export const routesOf = ({ router }: Express): Routes => ({ handle: router })
