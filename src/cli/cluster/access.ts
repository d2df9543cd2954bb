import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { at, stringAt, type JsonObject } from '../../api/json.ts'
import type { Access } from '../../environment/access.ts'
import { plainAccess } from '../../kube/kubeconfig.ts'
import { CommandFailure } from '../failure.ts'
import type { Shell } from '../shell.ts'
import type { ServerRoute } from './connection.ts'
import { readKubeconfigs, type KubeconfigEntry, type Kubeconfig } from './kubeconfig.ts'

/** What a person may say of the API server, by kubectl's names. */
export interface AccessFlags {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
  readonly cluster?: string | undefined
  readonly user?: string | undefined
  readonly server?: string | undefined
  readonly as?: string | undefined
  readonly asGroups: readonly string[]
}

export interface Located {
  readonly route: ServerRoute
  /** The context's own namespace. */
  readonly namespace: string | undefined
  readonly context: string | undefined
}

/**
 * Finds the API server as kubectl does: --server alone, the file that --kubeconfig names, those of KUBECONFIG, or
 * ~/.kube/config; in a pod, its own account. What is plain is read here; plugins, OIDC and proxies are left to the client
 * library, which is loaded then.
 */
export const locate = async (flags: AccessFlags, env: Shell['env']): Promise<Located> => {
  const files = filesOf(flags, env)
  if (flags.server !== undefined && files.length === 0) {
    const route = routeOf({ server: flags.server }, impersonation(flags, {}))
    return { route, namespace: undefined, context: undefined }
  }
  if (files.length === 0) return await fromElsewhere(flags, env)
  return await fromKubeconfig(readKubeconfigs(files), flags)
}

const filesOf = ({ kubeconfig, server }: AccessFlags, env: Shell['env']): string[] => {
  if (kubeconfig !== undefined) return [kubeconfig]
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter(file => file !== '')
  if (named.length > 0) return named
  const home = env['HOME'] ?? env['USERPROFILE']
  const byDefault = home === undefined ? undefined : join(home, '.kube', 'config')
  return byDefault !== undefined && server === undefined && isFile(byDefault) ? [byDefault] : []
}

/** The contexts that there are to choose from. */
export const contextNames = (env: Shell['env']): readonly string[] =>
  readKubeconfigs(filesOf({ asGroups: [] }, env)).contexts.map(({ name }) => name)

const isFile = (path: string): boolean => {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

/** In a pod there is an account; elsewhere this says what was looked for. */
const fromElsewhere = async (flags: AccessFlags, env: Shell['env']): Promise<Located> => {
  const { loadAccess } = await import('../../kube/access.ts')
  const access = await loadAccess({ env }).catch((error: unknown) => {
    throw new CommandFailure(error instanceof Error ? error.message : String(error), 3)
  })
  return { route: routeOf(access, impersonation(flags, {})), namespace: access.namespace, context: undefined }
}

const fromKubeconfig = async (config: Kubeconfig, flags: AccessFlags): Promise<Located> => {
  const named = flags.context ?? config.current
  const context = named === undefined ? undefined : found(config.contexts, named, 'context', config)
  const clusterName = flags.cluster ?? stringAt(context?.value, 'cluster')
  if (clusterName === undefined) {
    throw new CommandFailure(
      `kubeconfig ${config.from}: no context is current; name one with --context: ${namesOf(config.contexts)}`,
      1,
    )
  }
  const cluster = found(config.clusters, clusterName, 'cluster', config)
  const userName = flags.user ?? stringAt(context?.value, 'user')
  const user = userName === undefined ? undefined : found(config.users, userName, 'user', config)
  const server = flags.server ?? stringAt(cluster.value, 'server') ?? ''
  const chosen = { cluster: { ...cluster.value, server }, user: withoutImpersonation(user?.value ?? {}) }
  const headers = impersonation(flags, user?.value ?? {})
  const plain = plainAccess(single(chosen))
  const route = plain === undefined ? await viaClientLibrary(chosen, headers, config.from) : routeOf(plain, headers)
  return { route, namespace: stringAt(context?.value, 'namespace'), context: context?.name }
}

const namesOf = (entries: readonly KubeconfigEntry[]): string =>
  entries.map(({ name }) => name).join(', ') || 'there is none'

const found = (
  entries: readonly KubeconfigEntry[],
  name: string,
  kind: string,
  { from }: Kubeconfig,
): KubeconfigEntry => {
  const entry = entries.find(candidate => candidate.name === name)
  if (entry) return entry
  throw new CommandFailure(`kubeconfig ${from}: there is no ${kind} "${name}"; there is: ${namesOf(entries)}`, 1)
}

/** A kubeconfig of one context, of what was chosen. */
const single = ({ cluster, user }: { cluster: JsonObject; user: JsonObject }) => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'chosen', cluster }],
  users: [{ name: 'chosen', user }],
  contexts: [{ name: 'chosen', context: { cluster: 'chosen', user: 'chosen' } }],
  'current-context': 'chosen',
})

const impersonating = ['as', 'as-groups', 'as-uid', 'as-user-extra']

const withoutImpersonation = (user: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(user).filter(([member]) => !impersonating.includes(member)))

/** A header that is sent several times is a list. */
type Headers = Awaited<ReturnType<ServerRoute['headers']>>

/** https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/ */
const impersonation = (flags: AccessFlags, user: JsonObject): Headers => {
  const as = flags.as ?? stringAt(user, 'as')
  if (as === undefined) {
    if (flags.asGroups.length > 0) throw new CommandFailure('--as-group needs --as: name the user as well', 1)
    return {}
  }
  const groups: unknown = flags.asGroups.length > 0 ? flags.asGroups : at(user, 'as-groups')
  const uid = stringAt(user, 'as-uid')
  return {
    'impersonate-user': as,
    ...(Array.isArray(groups) && groups.length > 0 ? { 'impersonate-group': groups.map(String) } : {}),
    ...(uid === undefined ? {} : { 'impersonate-uid': uid }),
  }
}

const routeOf = (access: Access, headers: Headers): ServerRoute => {
  const { insecure, ...tls } = access.tls ?? {}
  return {
    server: access.server,
    options: { ...tls, ...(insecure === true ? { rejectUnauthorized: false } : {}) },
    headers: async () => {
      const authorization = await access.authorization?.()
      return { ...headers, ...(authorization === undefined ? {} : { authorization }) }
    },
  }
}

/** Exec plugins, OIDC, files of certificates and tokens, and proxies: the client library knows them all. */
const viaClientLibrary = async (
  chosen: { cluster: JsonObject; user: JsonObject },
  headers: Headers,
  from: string,
): Promise<ServerRoute> => {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  const options: ServerRoute['options'] = {}
  const plainHttp = stringAt(chosen.cluster, 'server')?.startsWith('http:') === true
  // The library refuses http:// servers unless certificates need not be checked.
  const cluster = plainHttp ? { ...chosen.cluster, 'insecure-skip-tls-verify': true } : chosen.cluster
  try {
    config.loadFromString(JSON.stringify(single({ ...chosen, cluster })))
    await config.applyToHTTPSOptions(options)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    // oxlint-disable-next-line preserve-caught-error -- its other lines may show what stands in the file
    throw new CommandFailure(`kubeconfig ${from}: ${message.split('\n', 1)[0] ?? ''}`, 1)
  }
  const { agent, headers: made, ...rest } = options
  // Its agent knows the proxy of the kubeconfig, and none of the environment's.
  const proxied = stringAt(chosen.cluster, 'proxy-url') === undefined ? {} : { agent }
  const authorization = stringAt(made, 'Authorization')
  return {
    server: config.getCurrentCluster()?.server ?? '',
    options: { ...rest, ...proxied },
    headers: () => Promise.resolve({ ...headers, ...(authorization === undefined ? {} : { authorization }) }),
  }
}
