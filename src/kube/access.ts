import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { stringAt, tryParseJson } from '../api/json.ts'
import type { Tls } from '../environment/access.ts'
import type { Clock } from '../environment/environment.ts'
import { nodeClock } from '../environment/node.ts'
import { plainAccess, type LoadedAccess } from './kubeconfig.ts'

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
): Promise<LoadedAccess> => (await readPlain(files, context)) ?? (await fromClientLibrary(files, context, clock))

/** Undefined for what the client library has to read, whatever is wrong with it included. */
const readPlain = async (files: readonly string[], context: string | undefined): Promise<LoadedAccess | undefined> => {
  const [file, ...more] = files
  if (file === undefined || more.length > 0) return undefined
  try {
    const text = await readFile(file, 'utf8')
    // JSON is YAML, and takes no parser that has to be loaded first.
    const json = tryParseJson(text)
    if (json !== undefined) return plainAccess(json, context)
    const { parseDocument } = await import('./yaml.ts')
    const document = parseDocument(text)
    const isClear = document.errors.length === 0 && document.warnings.length === 0
    return isClear ? plainAccess(document.toJS(), context) : undefined
  } catch {
    return undefined
  }
}

const fromClientLibrary = async (
  files: readonly string[],
  context: string | undefined,
  clock: Clock,
): Promise<LoadedAccess> => {
  const config = await readKubeconfig(files, context)
  const server = config.getCurrentCluster()?.server ?? ''
  const user = config.getCurrentUser()
  const { authorization, tls } = await credentialsOf(config)
  const renewed = Boolean(user?.exec ?? user?.authProvider)
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace
  const ask = remembered(clock, askAgainMs, async () => (await credentialsOf(config)).authorization)
  return {
    server,
    tls,
    ...(renewed ? { authorization: ask } : {}),
    ...(!renewed && authorization !== undefined ? { authorization: () => Promise.resolve(authorization) } : {}),
    ...(namespace === undefined ? {} : { namespace }),
  }
}

const readKubeconfig = async (files: readonly string[], context: string | undefined): Promise<KubeConfig> => {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  const from = `kubeconfig ${files.join(', ')}`
  try {
    for (const file of files) {
      const part = new KubeConfig()
      part.loadFromFile(file)
      // As in kubectl, the first file that names a current context has the say.
      config.mergeConfig(part, (config.currentContext ?? '') !== '')
    }
  } catch (error) {
    // oxlint-disable-next-line preserve-caught-error -- its message shows the file
    throw new Error(`${from}: ${firstLineOf(error)}`)
  }
  if (context !== undefined) config.setCurrentContext(context)
  const current = config.getCurrentContext()
  const cluster = config.getCurrentCluster()
  if (cluster === null) {
    const known = config.getContexts().map(({ name }) => name)
    throw new Error(
      `${from}: context "${current}" with its cluster is not there; contexts: ${known.join(', ') || 'none'}`,
    )
  }
  if (cluster.proxyUrl) throw new Error(`${from}: proxy-url is not supported; reach ${cluster.server} directly`)
  if (config.getCurrentUser()?.impersonateUser) {
    throw new Error(`${from}: impersonation (as) is not supported; name a user with the rights that are needed`)
  }
  return plainHttpAllowed(config)
}

/** Of a parser's error: the lines after it show the file, and a token may stand in them. */
const firstLineOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? ''

/** The client library refuses http:// servers, as the playground's is, unless certificates need not be checked. */
const plainHttpAllowed = (config: KubeConfig): KubeConfig => {
  config.clusters = config.clusters.map(cluster =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  )
  return config
}

/** The client library works out certificates and the header: it knows exec plugins, OIDC and token files. */
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
