import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import { onTestFinished } from 'vitest'
import { listen } from '../../src/environment/listen.ts'
import type { Reach } from './control-plane/kubeconfig.ts'

/** What is answered in the API server's place. */
export interface Refusal {
  readonly status: number
  /** In place of the request, or once the API server has done what it asks and its answer is thrown away. */
  readonly when: 'instead' | 'afterwards'
}

export interface Asked {
  readonly method: string
  readonly isWatch: boolean
}

/** Stands between the product and the API server, and answers in its place when a test says so. */
export interface HttpProxy {
  readonly server: string
  /**
   * From now on, requests get the refusal that `rule` returns for them, if any. Open watches stay
   * open.
   */
  refuse(rule: (asked: Asked) => Refusal | undefined): void
  /** Cuts every connection, with the watches. New ones are let through. */
  cut(): void
}

export const httpProxy = async ({ ca, server }: Reach): Promise<HttpProxy> => {
  const agent = new Agent({ ca, keepAlive: true })
  let rule: (asked: Asked) => Refusal | undefined = () => undefined

  const pass = (incoming: IncomingMessage, answered: (answer: IncomingMessage) => void, failed: () => void): void => {
    const { headers, method = '', url = '' } = incoming
    const passed = request(new URL(url, server), { agent, method, headers }, answered).on('error', failed)
    incoming.pipe(passed)
  }

  const proxy = createServer((incoming, outgoing) => {
    const isWatch = new URL(incoming.url ?? '', server).searchParams.get('watch') === 'true'
    const refusal = rule({ method: incoming.method ?? '', isWatch })
    if (refusal === undefined) {
      pass(
        incoming,
        answer => relay(answer, outgoing),
        () => outgoing.destroy(),
      )
    } else if (refusal.when === 'instead' || isWatch) {
      incoming.resume()
      refuse(outgoing, refusal.status)
    } else {
      const ended = (): void => refuse(outgoing, refusal.status)
      pass(incoming, answer => answer.resume().on('end', ended), ended)
    }
  })
  const port = await listen(proxy, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => {
    proxy.close()
    proxy.closeAllConnections()
    agent.destroy()
  })
  return {
    server: `http://127.0.0.1:${port}`,
    refuse: next => void (rule = next),
    cut: () => proxy.closeAllConnections(),
  }
}

const relay = (answer: IncomingMessage, outgoing: ServerResponse): void => {
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  // A watch that nothing has happened in has sent its head.
  outgoing.flushHeaders()
  answer.pipe(outgoing).on('close', () => answer.destroy())
  answer.on('error', () => outgoing.destroy())
}

/** Answers as the API server does. */
const refuse = (outgoing: ServerResponse, code: number): void => {
  const reason = reasons[code] ?? ''
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason,
    message: 'injected',
  }
  const headers = { 'content-type': 'application/json', ...(code === 429 ? { 'retry-after': '1' } : {}) }
  outgoing.writeHead(code, headers).end(JSON.stringify(status))
}

const reasons: Readonly<Record<number, string>> = {
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}
