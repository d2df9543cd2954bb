import http from 'node:http'
import https from 'node:https'
import type { Shell } from './shell.ts'

/** Nothing there is reached through a proxy: kubectl and curl leave this machine out as well. */
const isLoopback = (hostname: string): boolean => /^(localhost|127\.[0-9.]+|\[::1\])$/.test(hostname)

/**
 * Makes what holds connections to a URL's host, through the proxy that HTTPS_PROXY, HTTP_PROXY and NO_PROXY name, as
 * kubectl does. Node knows these variables from 24.5 on; an earlier one connects directly.
 */
export const agentFor = ({ hostname, protocol }: URL, env: Shell['env']): http.Agent => {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].flatMap(name => [name, name.toLowerCase()])
  const proxyEnv = Object.fromEntries(names.flatMap(name => (env[name] ? [[name, env[name]] as const] : [])))
  const options = { keepAlive: true, ...(isLoopback(hostname) ? {} : { proxyEnv }) }
  return protocol === 'https:' ? new https.Agent(options) : new http.Agent(options)
}
