import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { stringAt } from '../api/json.ts'
import type { Access, Tls } from '../environment/access.ts'
import type { Clock } from '../environment/environment.ts'
import { nodeClock } from '../environment/node.ts'

/** How to reach the API server, and the namespace that goes with it: the context's or the pod's own. */
export type LoadedAccess = Access & { readonly namespace?: string }

export interface AccessOptions {
  /** A kubeconfig file; it alone is read then. */
  readonly kubeconfig?: string
  /** A context of the kubeconfig, instead of its current one. */
  readonly context?: string
  /** The process's environment: KUBECONFIG, KUBERNETES_SERVICE_HOST and _PORT, HOME. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where a pod finds its service account. */
  readonly serviceAccount?: string
  readonly clock?: Clock
}

/**
 * Finds the API server as kubectl does: the file that is named, else KUBECONFIG, else the service account of the pod,
 * else ~/.kube/config. Throws an error that says what was looked for, or what is wrong with what was found.
 */
export const loadAccess = async (options: AccessOptions): Promise<LoadedAccess> => {
  const { clock = nodeClock, env, serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount' } = options
  const host = env['KUBERNETES_SERVICE_HOST']
  const home = env['HOME'] ?? env['USERPROFILE']
  const byDefault = home === undefined ? undefined : join(home, '.kube', 'config')

  const named = options.kubeconfig === undefined ? filesOf(env['KUBECONFIG']) : [options.kubeconfig]
  if (named.length > 0) return await fromKubeconfig(named, options.context, clock)
  if (host !== undefined && host !== '' && existsSync(join(serviceAccount, 'token'))) {
    return await fromPod(host, env['KUBERNETES_SERVICE_PORT'] ?? '443', serviceAccount, clock)
  }
  if (byDefault !== undefined && existsSync(byDefault)) return await fromKubeconfig([byDefault], options.context, clock)
  throw new Error(
    `no API server: looked for --kubeconfig and KUBECONFIG (not set), a pod's service account (${serviceAccount}` +
      `, with KUBERNETES_SERVICE_HOST) and ${byDefault ?? '~/.kube/config (HOME is not set)'}; name a kubeconfig file`,
  )
}

const filesOf = (variable: string | undefined): string[] =>
  (variable ?? '').split(delimiter).filter(file => file !== '')

/** How often a pod's token is read again, in milliseconds. The kubelet renews it long before it expires. */
const rereadMs = 60_000

/** Inside a cluster two files say it all, so that the client library's 400 ms need not be spent. */
const fromPod = async (host: string, port: string, directory: string, clock: Clock): Promise<LoadedAccess> => {
  const file = (name: string): Promise<string> => readFile(join(directory, name), 'utf8')
  const namespace = (await file('namespace').catch(() => '')).trim()
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    tls: { ca: await file('ca.crt') },
    authorization: remembered(clock, rereadMs, async () => `Bearer ${(await file('token')).trim()}`),
    ...(namespace === '' ? {} : { namespace }),
  }
}

/** How long a header from a plugin or an identity provider is taken without asking again, in milliseconds. */
const askAgainMs = 1_000

const fromKubeconfig = async (
  files: readonly string[],
  context: string | undefined,
  clock: Clock,
): Promise<LoadedAccess> => {
  const { chosenIn, clientLibraryWith, orProblem, plainAccess, readKubeconfigs } = await import('./kubeconfig.ts')
  const config = readKubeconfigs(files)
  const chosen = chosenIn(config, { context })
  const { cluster, namespace, user } = chosen
  const inNamespace = namespace === undefined ? {} : { namespace }
  if (cluster['proxy-url']) {
    const server = stringAt(cluster, 'server')
    throw new Error(`kubeconfig ${config.from}: proxy-url is not supported; reach ${server} directly`)
  }
  if (user['as']) {
    const todo = 'name a user with the rights that are needed'
    throw new Error(`kubeconfig ${config.from}: impersonation (as) is not supported; ${todo}`)
  }
  const plain = plainAccess(chosen)
  if (plain) return { ...plain, ...inNamespace }
  const library = await clientLibraryWith(chosen, config.from)
  const { authorization, tls } = await orProblem(config.from, () => credentialsOf(library))
  const renewed = remembered(clock, askAgainMs, async () => (await credentialsOf(library)).authorization)
  const isRenewed = user['exec'] !== undefined || user['auth-provider'] !== undefined
  return {
    server: library.getCurrentCluster()?.server ?? '',
    tls,
    ...(isRenewed && { authorization: renewed }),
    ...(!isRenewed && authorization !== undefined && { authorization: () => Promise.resolve(authorization) }),
    ...inNamespace,
  }
}

/** The client library works out certificates and the header. */
const credentialsOf = async (config: KubeConfig): Promise<{ authorization: string | undefined; tls: Tls }> => {
  const options: Record<string, unknown> = {}
  await config.applyToHTTPSOptions(options)
  const { ca, cert, key, rejectUnauthorized, servername } = options
  return {
    authorization: stringAt(options, 'headers', 'Authorization'),
    tls: {
      ...(isPem(ca) ? { ca } : {}),
      ...(isPem(cert) ? { cert } : {}),
      ...(isPem(key) ? { key } : {}),
      ...(typeof servername === 'string' ? { servername } : {}),
      ...(rejectUnauthorized === false ? { insecure: true } : {}),
    },
  }
}

const isPem = (value: unknown): value is string | Buffer => typeof value === 'string' || Buffer.isBuffer(value)

/** How long a failure is remembered, so that a plugin that fails is not started for every request, in milliseconds. */
const failureMs = 1_000

/** Asks `read` again once its last answer is older than `ms`. All who ask meanwhile share one answer. */
const remembered = <T>(clock: Clock, ms: number, read: () => Promise<T>): (() => Promise<T>) => {
  let answer: Promise<T> | undefined
  let until = -Infinity
  const keepFor = (lifetime: number): void => void (until = clock.monotonic() + lifetime)
  return () => {
    if (answer !== undefined && clock.monotonic() < until) return answer
    until = Infinity
    answer = read()
    answer.then(
      () => keepFor(ms),
      () => keepFor(Math.min(ms, failureMs)),
    )
    return answer
  }
}
