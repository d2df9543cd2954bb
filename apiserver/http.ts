import { createServer, type IncomingMessage, type ServerResponse as HttpResponse } from 'node:http'
import { listen } from '../src/environment/listen.ts'
import { decodeObject, ProtobufError, protobufType } from './protobuf/decode.ts'
import { badRequest } from './status.ts'
import type { ServerResponse } from './response.ts'
import { isWatch, type ApiServer, type ServerRequest } from './server.ts'

/** The largest body, in bytes: etcd's limit of an object, with room for the escapes of a patch. */
const maxBodyBytes = 3 * 1024 * 1024

export interface Serving {
  readonly url: string
  /** Ends all watches and connections. */
  close(): Promise<void>
}

/** Serves HTTP on `host`. Port 0 takes any free port. Rejects like {@link listen}. */
export const serveHttp = async (
  server: ApiServer,
  { port, host = '127.0.0.1', ...flag }: { readonly port: number; readonly host?: string; readonly flag?: string },
): Promise<Serving> => {
  const names = new Set<string>()
  const http = createServer((incoming, outgoing) => {
    const refused = refusalOf(incoming, names)
    if (refused !== undefined) return send(outgoing, refused)
    answer(server, incoming, outgoing).catch(() => outgoing.destroy())
  })
  // A watch may be silent for minutes, and clients keep connections longer than Node's default.
  http.keepAliveTimeout = 120_000
  http.requestTimeout = 0
  const bound = await listen(http, { host, port, ...flag })
  for (const name of [host, 'localhost']) names.add(`${name}:${bound}`)
  return {
    url: `http://${host}:${bound}`,
    close: () =>
      new Promise(closed => {
        http.close(() => closed())
        http.closeAllConnections()
      }),
  }
}

/**
 * Returns why a request is refused. The server has no authentication, so pages of other sites in a
 * local browser must not reach it. Requests of such pages have another Host (DNS rebinding), or an
 * Origin, which no Kubernetes client sends.
 */
const refusalOf = (
  { headers, headersDistinct }: IncomingMessage,
  names: ReadonlySet<string>,
): ServerResponse | undefined => {
  const [host = '', ...more] = headersDistinct.host ?? []
  if (more.length > 0 || !names.has(host.toLowerCase())) {
    return text(421, `this server answers as ${[...names].join(' and ')} alone\n`)
  }
  return headers.origin === undefined ? undefined : text(403, 'no web page may ask this server\n')
}

const text = (status: number, body: string): ServerResponse => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body,
})

const answer = async (server: ApiServer, incoming: IncomingMessage, outgoing: HttpResponse): Promise<void> => {
  const body = await bodyOf(incoming)
  if (body === undefined) return send(outgoing, tooLarge)
  const request = requestOf(incoming, body)
  if (request instanceof ProtobufError) return send(outgoing, unreadable(request))
  if (!isWatch(request)) return send(outgoing, server.handle(request))
  const head = (): void => {
    if (!outgoing.headersSent) outgoing.writeHead(200, { 'content-type': 'application/json' })
  }
  const watching = server.watch(request, {
    line: text => {
      head()
      outgoing.write(`${text}\n`)
    },
    end: () => {
      head()
      outgoing.end()
    },
  })
  if (typeof watching !== 'function') return send(outgoing, watching)
  head()
  outgoing.flushHeaders()
  outgoing.once('close', watching)
}

const requestOf = (incoming: IncomingMessage, bytes: Uint8Array): ServerRequest | ProtobufError => {
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://localhost')
  const { accept, 'user-agent': userAgent } = incoming.headers
  const content = contentOf(incoming.headers['content-type'], bytes)
  if (content instanceof ProtobufError) return content
  const { body, contentType } = content
  return {
    method: incoming.method ?? 'GET',
    path: pathname,
    query: Object.fromEntries(searchParams),
    ...(contentType === undefined ? {} : { contentType }),
    ...(accept === undefined ? {} : { accept }),
    ...(userAgent === undefined ? {} : { userAgent }),
    body,
  }
}

/**
 * Returns a body as text. Protobuf is converted to JSON, so other files know only JSON and YAML.
 * Returns a ProtobufError if that is impossible.
 */
const contentOf = (
  contentType: string | undefined,
  bytes: Uint8Array,
): { readonly body: string; readonly contentType: string | undefined } | ProtobufError => {
  if (contentType !== protobufType || bytes.byteLength === 0)
    return { body: new TextDecoder().decode(bytes), contentType }
  try {
    return { body: JSON.stringify(decodeObject(bytes)), contentType: 'application/json' }
  } catch (error) {
    if (error instanceof ProtobufError) return error
    throw error
  }
}

const unreadable = (error: ProtobufError): ServerResponse => ({
  status: 400,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(badRequest(error.message).body),
})

const tooLarge: ServerResponse = { status: 413, headers: {}, body: 'the body is too large\n' }

const bodyOf = async (incoming: IncomingMessage): Promise<Uint8Array | undefined> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of incoming) {
    if (!(chunk instanceof Uint8Array)) continue
    size += chunk.byteLength
    // A body that is too large is read to its end, so that the client gets the error.
    if (size <= maxBodyBytes) chunks.push(chunk)
  }
  if (size > maxBodyBytes) return undefined
  return concatenated(chunks, size)
}

const concatenated = (chunks: readonly Uint8Array[], size: number): Uint8Array => {
  const whole = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}

const send = (outgoing: HttpResponse, response: ServerResponse): void => {
  outgoing.writeHead(response.status, response.headers)
  outgoing.end(response.body)
}
