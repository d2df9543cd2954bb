import { Agent } from 'undici'
import type { Outbound } from './environment.ts'
import { Unreachable } from './unreachable.ts'

/** Sends requests to other hosts than the API server. They are rare, so no connection is kept. */
export const nodeOutbound: Outbound = async ({ body, headers, method, maxBytes, timeoutMs, url }) => {
  const dispatcher = new Agent({ connectTimeout: timeoutMs, pipelining: 0 })
  try {
    const { origin, pathname, search } = new URL(url)
    const response = await dispatcher.request({
      origin,
      path: `${pathname}${search}`,
      method,
      headers: { 'user-agent': 'receiver-hooks', ...headers },
      body: body ?? null,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of response.body) {
      if (!(chunk instanceof Uint8Array)) continue
      bytes += chunk.length
      if (bytes > maxBytes) break
      chunks.push(chunk)
    }
    return {
      status: response.statusCode,
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
      body: bytes > maxBytes ? '' : Buffer.concat(chunks).toString(),
    }
  } catch (error) {
    throw new Unreachable(`${method} ${hostOf(url)}: ${error instanceof Error ? error.message : String(error)}`, true)
  } finally {
    void dispatcher.destroy()
  }
}

/** Returns the host of a URL, for messages. The URL's path and query may hold a secret. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'not a valid address')
