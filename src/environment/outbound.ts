import { Agent } from 'undici'
import type { Outbound } from './environment.ts'
import { Unreachable } from './unreachable.ts'

/** Requests to anything but the API server, over connections that are not kept: such requests are rare. */
export const nodeOutbound: Outbound = async ({ body, headers, method, mostBytes, timeoutMs, url }) => {
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
      if (bytes > mostBytes) break
      chunks.push(chunk)
    }
    return {
      status: response.statusCode,
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])),
      body: bytes > mostBytes ? '' : Buffer.concat(chunks).toString(),
    }
  } catch (error) {
    throw new Unreachable(`${method} ${hostOf(url)}: ${error instanceof Error ? error.message : String(error)}`, true)
  } finally {
    void dispatcher.destroy()
  }
}

/** A path or a query may hold a secret. */
const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'an address that is none')
