import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { at, stringAt, type JsonObject } from '../../src/api/json.ts'
import type { ServerAccess } from '../../src/environment/access.ts'
import {
  chosenIn,
  clientLibraryWith,
  orProblem,
  plainAccess,
  readKubeconfigs,
  type ChosenCredentials,
  type Kubeconfig,
} from '../../src/kube/kubeconfig.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { nodeClock } from '../../src/environment/system.ts'
import { askAgainMs, cachedFor } from '../../src/kube/remembered.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import type { Shell } from '../../src/commands/shell.ts'
import type { ServerRoute } from './connection.ts'

/** The flags that choose an API server and a user, with kubectl's names. */
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
  /** The namespace of the context, or of the pod. */
  readonly namespace: string | undefined
  readonly context: string | undefined
}

/**
 * Finds the API server in kubectl's order: --server, --kubeconfig, KUBECONFIG, ~/.kube/config, the
 * pod's own account. With --server, ~/.kube/config counts only if a flag names a part of it. This file
 * reads simple kubeconfigs itself. It loads the client library only for others, for example for those
 * with a credential plugin or a proxy.
 */
export const locate = async (flags: AccessFlags, env: Shell['env'], clock: Clock = nodeClock): Promise<Located> => {
  const files = filesOf(flags, env)
  if (files.length > 0) return await fromKubeconfig(await readKubeconfigs(files), flags, clock)
  // The cluster and the user of a pod, or nobody at a server, may be others than those that are meant.
  const part = namedPart(flags)
  if (part !== undefined) {
    const todo = 'name one with --kubeconfig or KUBECONFIG'
    throw new CommandFailure(`--${part} names a part of a kubeconfig, but there is none: ${todo}`, 3)
  }
  if (flags.server === undefined) return await fromElsewhere(flags, env)
  const route = routeOf({ server: flags.server }, impersonation(flags, {}))
  return { route, namespace: undefined, context: undefined }
}

/** Returns the flag that names a part of a kubeconfig, if there is one. */
const namedPart = (flags: AccessFlags): 'context' | 'cluster' | 'user' | undefined =>
  (['context', 'cluster', 'user'] as const).find(flag => flags[flag] !== undefined)

const filesOf = (flags: AccessFlags, env: Shell['env']): string[] => {
  const { kubeconfig, server } = flags
  if (kubeconfig !== undefined) return [kubeconfig]
  const named = (env['KUBECONFIG'] ?? '').split(delimiter).filter(file => file !== '')
  if (named.length > 0) return named
  const home = env['HOME'] ?? env['USERPROFILE']
  const byDefault = home === undefined ? undefined : join(home, '.kube', 'config')
  const isAsked = server === undefined || namedPart(flags) !== undefined
  return byDefault !== undefined && isAsked && isFile(byDefault) ? [byDefault] : []
}

/** Returns the names of all contexts of the kubeconfig. */
export const contextNames = async (env: Shell['env']): Promise<readonly string[]> =>
  (await readKubeconfigs(filesOf({ asGroups: [] }, env))).contexts.map(({ name }) => name)

const isFile = (path: string): boolean => {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

/** Uses the pod's service account. Throws an error that names the places searched. */
const fromElsewhere = async (flags: AccessFlags, env: Shell['env']): Promise<Located> => {
  const { loadAccess } = await import('../../src/kube/access.ts')
  const access = await loadAccess({ env }).catch((error: unknown) => {
    throw new CommandFailure(error instanceof Error ? error.message : String(error), 3)
  })
  return { route: routeOf(access, impersonation(flags, {})), namespace: access.namespace, context: undefined }
}

const fromKubeconfig = async (config: Kubeconfig, flags: AccessFlags, clock: Clock): Promise<Located> => {
  const chosen = chosenIn(config, flags)
  const { context, namespace } = chosen
  const server = flags.server ?? stringAt(chosen.cluster, 'server') ?? ''
  const reached = { cluster: { ...chosen.cluster, server }, user: withoutImpersonation(chosen.user) }
  const headers = impersonation(flags, chosen.user)
  const plain = plainAccess(reached)
  const route =
    plain === undefined ? await viaClientLibrary(reached, headers, config.from, clock) : routeOf(plain, headers)
  return { route, namespace, context }
}

const impersonating = ['as', 'as-groups', 'as-uid', 'as-user-extra']

const withoutImpersonation = (user: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(user).filter(([member]) => !impersonating.includes(member)))

/** The headers of a request. A header that is sent several times has a list as its value. */
type Headers = Awaited<ReturnType<ServerRoute['headers']>>

/**
 * Returns the headers of an impersonation
 * (https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/).
 */
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

const routeOf = (access: ServerAccess, headers: Headers): ServerRoute => {
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

const viaClientLibrary = async (
  reached: Pick<ChosenCredentials, 'cluster' | 'user'>,
  headers: Headers,
  from: string,
  clock: Clock,
): Promise<ServerRoute> => {
  const config = await clientLibraryWith(reached, from)
  const applied = async (): Promise<ServerRoute['options']> => {
    const options: ServerRoute['options'] = {}
    await orProblem(from, () => config.applyToHTTPSOptions(options))
    return options
  }
  const { agent, headers: first, ...rest } = await applied()
  // Keeps the library's agent only if the kubeconfig names a proxy, because that agent ignores the
  // proxy variables of the environment.
  const proxied = stringAt(reached.cluster, 'proxy-url') === undefined ? {} : { agent }
  let made: unknown = first
  // A plugin's token expires while a command still watches or waits.
  const renewed = cachedFor(clock, askAgainMs, async () => {
    const sent = made ?? (await applied()).headers
    made = undefined
    // The library keeps the line feed of a file.
    return stringAt(sent, 'Authorization')?.trim()
  })
  return {
    server: config.getCurrentCluster()?.server ?? '',
    options: { ...rest, ...proxied },
    headers: async () => {
      const authorization = await renewed()
      return { ...headers, ...(authorization === undefined ? {} : { authorization }) }
    },
  }
}
