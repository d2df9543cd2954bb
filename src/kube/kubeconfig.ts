import { at, isObject, stringAt, type JsonObject } from '../api/json.ts'
import type { Access } from '../environment/access.ts'

/** How to reach the API server, and the namespace that goes with it: the context's or the pod's own. */
export type LoadedAccess = Access & { readonly namespace?: string }

/** The members that are understood here. Whoever has another one is left to the client library. */
const understood = {
  cluster: ['server', 'certificate-authority-data', 'insecure-skip-tls-verify', 'tls-server-name', 'extensions'],
  user: ['token', 'client-certificate-data', 'client-key-data'],
  context: ['cluster', 'user', 'namespace', 'extensions'],
} as const

/**
 * The access that a kubeconfig gives with nothing but what stands in it: a token, or a certificate. Undefined where it
 * takes more, such as a plugin, another file or an answer to what is wrong: then the client library has to be asked,
 * which costs 400 ms and tens of megabytes.
 */
export const plainAccess = (config: unknown, context?: string): LoadedAccess | undefined => {
  const named = context ?? stringAt(config, 'current-context')
  const chosen = entry(config, 'context', named)
  const cluster = entry(config, 'cluster', stringAt(chosen, 'cluster'))
  const user = entry(config, 'user', stringAt(chosen, 'user'))
  const server = stringAt(cluster, 'server')
  if (!chosen || !cluster || !user || server === undefined || !isAddress(server)) return undefined
  const [cert, key, ca] = [
    pem(user, 'client-certificate'),
    pem(user, 'client-key'),
    pem(cluster, 'certificate-authority'),
  ]
  const [namespace, servername, token] = [
    stringAt(chosen, 'namespace'),
    stringAt(cluster, 'tls-server-name'),
    stringAt(user, 'token'),
  ]
  return {
    server,
    tls: {
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      ...(servername !== undefined && servername !== '' && { servername }),
      ...(cluster['insecure-skip-tls-verify'] === true && { insecure: true }),
    },
    ...(token !== undefined && token !== '' && { authorization: () => Promise.resolve(`Bearer ${token}`) }),
    ...(namespace !== undefined && namespace !== '' && { namespace }),
  }
}

/** The one entry of this name, when all in it is understood. */
const entry = (config: unknown, kind: keyof typeof understood, name: string | undefined): JsonObject | undefined => {
  const entries = at(config, `${kind}s`)
  if (name === undefined || !Array.isArray(entries)) return undefined
  const [found, ...more] = entries.filter(isObject).filter(candidate => candidate['name'] === name)
  const inside = at(found, kind)
  if (more.length > 0 || !isObject(inside)) return undefined
  const known: readonly string[] = understood[kind]
  return Object.entries(inside).every(([name, value]) => known.includes(name) && isOfItsType(name, value))
    ? inside
    : undefined
}

/** A token that is a number to YAML is no token: the client library is to judge what is meant. */
const isOfItsType = (name: string, value: unknown): boolean => {
  if (name === 'extensions') return true
  return typeof value === (name === 'insecure-skip-tls-verify' ? 'boolean' : 'string')
}

const isAddress = (server: string): boolean => /^https?:\/\//.test(server) && URL.canParse(server)

const pem = (from: JsonObject, member: string): Buffer | undefined => {
  const data = stringAt(from, `${member}-data`)
  return data === undefined || data === '' ? undefined : Buffer.from(data, 'base64')
}
