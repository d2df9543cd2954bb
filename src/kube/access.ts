import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { stringAt } from '../api/json.ts'
import { serverInPod, type ServerAccess, type Tls } from '../environment/access.ts'
import type { Clock } from '../environment/environment.ts'
import { nodeClock } from '../environment/node.ts'
import { caFrom } from './ca-file.ts'
import { askAgainMs, cachedFor } from './remembered.ts'

/**
 * How to reach the API server. `namespace` is that of the kubeconfig's context or of the pod. It is
 * absent if neither has one.
 */
export type LoadedAccess = ServerAccess & { readonly namespace?: string }

export interface AccessOptions {
  /** The path of a kubeconfig. If it is set, no other place is searched. */
  readonly kubeconfig?: string
  /** The name of a context in the kubeconfig. Default: its current context. */
  readonly context?: string
  /** The process's environment: KUBECONFIG, KUBERNETES_SERVICE_HOST and _PORT, HOME. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder with the token, the certificate and the namespace of a pod's service account. */
  readonly serviceAccount?: string
  readonly clock?: Clock
}

/**
 * Finds the API server. The first of these that exists is used: the given file, KUBECONFIG, the
 * pod's service account unless a context is named, ~/.kube/config. Throws an error that says where it
 * searched, or why it cannot use what it found.
 */
export const loadAccess = async (options: AccessOptions): Promise<LoadedAccess> => {
  const { clock = nodeClock, context, env, serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount' } = options
  const inPod = serverInPod(env)
  const home = env['HOME'] ?? env['USERPROFILE']
  const defaultFile = home === undefined ? undefined : join(home, '.kube', 'config')

  const named = options.kubeconfig === undefined ? filesOf(env['KUBECONFIG']) : [options.kubeconfig]
  if (named.length > 0) return await fromKubeconfig(named, context, clock)
  // A pod's account has no context. The cluster of the pod may be another than the one that is meant.
  if (context === undefined && inPod !== undefined && existsSync(join(serviceAccount, 'token'))) {
    return await fromPod(inPod, serviceAccount, clock)
  }
  if (defaultFile !== undefined && existsSync(defaultFile)) return await fromKubeconfig([defaultFile], context, clock)
  if (context !== undefined) {
    const searched = `--kubeconfig, KUBECONFIG (not set) and ${defaultFile ?? '~/.kube/config (HOME is not set)'}`
    throw new Error(`no kubeconfig with the context "${context}": looked for ${searched}; name a kubeconfig file`)
  }
  throw new Error(
    `no API server: looked for --kubeconfig, KUBECONFIG (not set), a pod's service account (${serviceAccount}` +
      `, with KUBERNETES_SERVICE_HOST) and ${defaultFile ?? '~/.kube/config (HOME is not set)'}; name a kubeconfig file`,
  )
}

const filesOf = (variable: string | undefined): string[] =>
  (variable ?? '').split(delimiter).filter(file => file !== '')

/**
 * How long a pod's token is cached before its file is read again, in milliseconds. The kubelet
 * renews it long before it expires.
 */
const rereadMs = 60_000

/** Returns the access from a pod's files. It does not need the client library, which takes 400 ms to load. */
const fromPod = async (server: string, directory: string, clock: Clock): Promise<LoadedAccess> => {
  const file = (name: string): Promise<string> => readFile(join(directory, name), 'utf8')
  const namespace = (await file('namespace').catch(() => '')).trim()
  return {
    server,
    ...(await caFrom(join(directory, 'ca.crt'), clock)),
    authorization: cachedFor(clock, rereadMs, async () => `Bearer ${(await file('token')).trim()}`),
    ...(namespace === '' ? {} : { namespace }),
  }
}

const fromKubeconfig = async (
  files: readonly string[],
  context: string | undefined,
  clock: Clock,
): Promise<LoadedAccess> => {
  const { chosenIn, clientLibraryWith, orProblem, plainAccess, readKubeconfigs } = await import('./kubeconfig.ts')
  const config = await readKubeconfigs(files)
  const chosen = chosenIn(config, { context })
  const { cluster, namespace, user } = chosen
  const inNamespace = namespace === undefined ? {} : { namespace }
  if (cluster['proxy-url']) {
    const server = stringAt(cluster, 'server')
    throw new Error(`kubeconfig ${config.from}: proxy-url is not supported; reach ${server} directly`)
  }
  if (user['as']) {
    const todo = 'name a user with the necessary rights'
    throw new Error(`kubeconfig ${config.from}: impersonation (as) is not supported; ${todo}`)
  }
  const plain = plainAccess(chosen)
  if (plain) return { ...plain, ...inNamespace }
  const library = await clientLibraryWith(chosen, config.from)
  const { authorization, tls } = await orProblem(config.from, () => credentialsOf(library))
  const renewed = cachedFor(clock, askAgainMs, async () => (await credentialsOf(library)).authorization)
  const isRenewed = user['exec'] !== undefined || user['auth-provider'] !== undefined
  return {
    server: library.getCurrentCluster()?.server ?? '',
    tls,
    ...(isRenewed && { authorization: renewed }),
    ...(!isRenewed && authorization !== undefined && { authorization: () => Promise.resolve(authorization) }),
    ...inNamespace,
  }
}

/** Returns the certificates and the header Authorization, as the client library computes them. */
const credentialsOf = async (config: KubeConfig): Promise<{ authorization: string | undefined; tls: Tls }> => {
  const options: Record<string, unknown> = {}
  await config.applyToHTTPSOptions(options)
  const { ca, cert, key, rejectUnauthorized, servername } = options
  return {
    authorization: stringAt(options, 'headers', 'Authorization')?.trim(),
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
