import { existsSync, readFileSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { extname, join } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
}

/** Returns the file of a path of the site, as static hosts find it; undefined if there is none. */
const fileAt = (folder: string, path: string): string | undefined => {
  const file = join(folder, decodeURIComponent(path).replace(/\/$/, '/index.html'))
  return existsSync(file) && statSync(file).isFile() ? file : undefined
}

/** Serves a folder on loopback. */
export const serveFolder = async (folder: string): Promise<{ readonly server: Server; readonly url: string }> => {
  const server = createServer((request, response) => {
    const file = fileAt(folder, new URL(request.url ?? '/', 'http://site').pathname)
    if (file === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
    response.end(readFileSync(file))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return { server, url: `http://127.0.0.1:${address.port}` }
}
