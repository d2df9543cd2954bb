import http from 'node:http'
import https from 'node:https'
import type { Shell } from '../src/commands/shell.ts'

/**
 * Returns whether a host is this machine. As in kubectl and curl, no proxy is used for this
 * machine.
 */
const isLoopback = (hostname: string): boolean => /^(localhost|127\.[0-9.]+|\[::1\])$/.test(hostname)

/**
 * Returns an agent for a URL's host. The agent uses the proxy in HTTPS_PROXY, HTTP_PROXY and
 * NO_PROXY, as in kubectl. Node supports these variables since 24.5; earlier versions connect
 * directly.
 */
export const agentFor = ({ hostname, protocol }: URL, env: Shell['env']): http.Agent => {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap(name => [name, name.toLowerCase()])
  const proxyEnv = Object.fromEntries(names.flatMap(name => (env[name] ? [[name, env[name]] as const] : [])))
  const options = { keepAlive: true, ...(isLoopback(hostname) ? {} : { proxyEnv }) }
  return protocol === 'https:' ? new https.Agent(options) : new http.Agent(options)
}
