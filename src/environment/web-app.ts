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
