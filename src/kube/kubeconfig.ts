import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { listAt, objectAt, stringAt, tryParseJson, type JsonObject } from '../api/json.ts'
import type { ServerAccess } from '../environment/access.ts'

/** An error in a kubeconfig. The message quotes nothing, because the file may contain a token. */
class KubeconfigProblem extends Error {
  override readonly name = 'KubeconfigProblem'
}

/**
 * Kubeconfigs, merged as kubectl merges them. Of two entries with the same name, the first counts.
 * Of two current contexts, the first counts too.
 */
export interface Kubeconfig {
  readonly contexts: readonly KubeconfigEntry[]
  readonly clusters: readonly KubeconfigEntry[]
  readonly users: readonly KubeconfigEntry[]
  readonly current: string | undefined
  /** The paths of the files, joined by commas, for messages. */
  readonly from: string
}

export interface KubeconfigEntry {
  readonly name: string
  readonly value: JsonObject
}

/** Reads and merges files. A missing one is ignored like in kubectl, unless it is the only one. */
export const readKubeconfigs = async (files: readonly string[]): Promise<Kubeconfig> => {
  const read = files.map(async file => {
    const text = textOf(file, files.length === 1)
    return text === undefined ? [] : [await partOf(text, file)]
  })
  const parts = (await Promise.all(read)).flat()
  const joined = (kind: 'contexts' | 'clusters' | 'users'): KubeconfigEntry[] => {
    const names = new Set<string>()
    return parts.flatMap(part => part[kind]).filter(({ name }) => !names.has(name) && names.add(name))
  }
  return {
    contexts: joined('contexts'),
    clusters: joined('clusters'),
    users: joined('users'),
    current: parts.map(({ current }) => current).find(name => name !== undefined && name !== ''),
    from: files.join(', '),
  }
}

const textOf = (file: string, needed: boolean): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (missing && !needed) return undefined
    const why = missing ? 'there is no such file' : "it can't be read"
    throw new KubeconfigProblem(`kubeconfig ${file}: ${why}; name another with --kubeconfig or KUBECONFIG`)
  }
}

type Part = Omit<Kubeconfig, 'from'>

const partOf = async (text: string, file: string): Promise<Part> => {
  // As for kubectl, an empty file is a kubeconfig that names nothing.
  const config = text.trim() === '' ? {} : (tryParseJson(text) ?? (await parsedYaml(text, file)))
  return {
    contexts: entriesOf(config, 'context'),
    clusters: entriesOf(config, 'cluster').map(entry => withPaths(entry, file, ['certificate-authority'])),
    users: entriesOf(config, 'user')
      .map(entry => withPaths(entry, file, ['client-certificate', 'client-key', 'tokenFile']))
      .map(withTokenFile),
    current: stringAt(config, 'current-context'),
  }
}

/** Parses a file. The parser's message may quote a line with a token, so it is not shown. */
const parsedYaml = async (text: string, file: string): Promise<unknown> => {
  // The browser's build has the same parser without the writer, so it loads in half the time.
  const { load } = await import('js-yaml/browser')
  try {
    return load(text)
  } catch {
    throw new KubeconfigProblem(`kubeconfig ${file}: it is not YAML; see kubectl config view --kubeconfig ${file}`)
  }
}

const entriesOf = (config: unknown, kind: string): KubeconfigEntry[] =>
  listAt(config, `${kind}s`).flatMap(entry => {
    const name = stringAt(entry, 'name')
    return name === undefined ? [] : [{ name, value: objectAt(entry, kind) }]
  })

/** Makes the paths in an entry absolute. In a kubeconfig they are relative to its folder. */
const withPaths = (entry: KubeconfigEntry, file: string, members: readonly string[]): KubeconfigEntry => {
  const moved = members.flatMap(member => {
    const path = stringAt(entry.value, member)
    return path === undefined || path === '' || isAbsolute(path) ? [] : [[member, join(dirname(file), path)] as const]
  })
  return { name: entry.name, value: { ...entry.value, ...Object.fromEntries(moved) } }
}

/**
 * Names the file of a token as the client library knows it: it ignores `tokenFile`. As in kubectl, the file counts
 * if there is a token, too.
 */
const withTokenFile = ({ name, value }: KubeconfigEntry): KubeconfigEntry => {
  const { tokenFile, token: _, ...others } = value
  if (typeof tokenFile !== 'string' || tokenFile === '') return { name, value }
  return { name, value: { ...others, 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } }
}

/** What a person may override in a kubeconfig. */
export interface KubeconfigChoice {
  readonly context?: string | undefined
  readonly cluster?: string | undefined
  readonly user?: string | undefined
}

/** The parts of a kubeconfig that say how to reach the API server, and with which identity. */
export interface ChosenCredentials {
  readonly cluster: JsonObject
  readonly user: JsonObject
  readonly context: string | undefined
  readonly namespace: string | undefined
}

/**
 * Returns the chosen cluster and user. Throws {@link KubeconfigProblem} if a name does not exist,
 * or if no context is chosen or current.
 */
export const chosenIn = (config: Kubeconfig, choice: KubeconfigChoice): ChosenCredentials => {
  const named = choice.context ?? config.current
  const context = named === undefined ? undefined : found(config, 'context', named)
  const clusterName = choice.cluster ?? stringAt(context?.value, 'cluster')
  if (clusterName === undefined) {
    throw new KubeconfigProblem(
      `kubeconfig ${config.from}: there is no current context; name one with --context: ${namesOf(config.contexts)}`,
    )
  }
  const userName = choice.user ?? stringAt(context?.value, 'user')
  const namespace = stringAt(context?.value, 'namespace')
  return {
    cluster: found(config, 'cluster', clusterName).value,
    user: userName === undefined ? {} : found(config, 'user', userName).value,
    context: context?.name,
    namespace: namespace === '' ? undefined : namespace,
  }
}

const found = (config: Kubeconfig, kind: 'context' | 'cluster' | 'user', name: string): KubeconfigEntry => {
  const entries = config[`${kind}s`]
  const entry = entries.find(candidate => candidate.name === name)
  if (entry) return entry
  throw new KubeconfigProblem(`kubeconfig ${config.from}: there is no ${kind} "${name}"; there is: ${namesOf(entries)}`)
}

const namesOf = (entries: readonly KubeconfigEntry[]): string =>
  entries.map(({ name }) => name).join(', ') || 'there is none'

/** The members that `plainAccess` reads. A kubeconfig with any other member needs the client library. */
const understood = {
  cluster: ['server', 'certificate-authority-data', 'insecure-skip-tls-verify', 'tls-server-name', 'extensions'],
  user: ['token', 'client-certificate-data', 'client-key-data'],
} as const

/**
 * Returns the access if cluster and user have a server and no members besides `understood`. The
 * user may have no credentials at all. Returns undefined otherwise, for example if a plugin or
 * another file is needed, or if a value is wrong. Then the client library decides, which costs 400
 * ms and tens of megabytes.
 */
export const plainAccess = ({
  cluster,
  user,
}: Pick<ChosenCredentials, 'cluster' | 'user'>): ServerAccess | undefined => {
  const server = stringAt(cluster, 'server')
  if (!isUnderstood('cluster', cluster) || !isUnderstood('user', user)) return undefined
  if (server === undefined || !isAddress(server)) return undefined
  const [cert, key, ca] = [
    pem(user, 'client-certificate'),
    pem(user, 'client-key'),
    pem(cluster, 'certificate-authority'),
  ]
  const [servername, token] = [stringAt(cluster, 'tls-server-name'), stringAt(user, 'token')]
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
  }
}

const isUnderstood = (kind: keyof typeof understood, entry: JsonObject): boolean => {
  const known: readonly string[] = understood[kind]
  return Object.entries(entry).every(([name, value]) => known.includes(name) && isOfItsType(name, value))
}

/**
 * Returns whether a value has the expected type. YAML reads some tokens as numbers; the client
 * library decides what they mean.
 */
const isOfItsType = (name: string, value: unknown): boolean => {
  if (name === 'extensions') return true
  return typeof value === (name === 'insecure-skip-tls-verify' ? 'boolean' : 'string')
}

const isAddress = (server: string): boolean => /^https?:\/\//.test(server) && URL.canParse(server)

const pem = (from: JsonObject, member: string): Buffer | undefined => {
  const data = stringAt(from, `${member}-data`)
  return data === undefined || data === '' ? undefined : Buffer.from(data, 'base64')
}

/**
 * Returns the client library's configuration for one cluster and one user. It supports exec
 * plugins, OIDC, files of certificates and tokens, and proxies. `from` names the files in messages.
 */
export const clientLibraryWith = async (
  { cluster, user }: Pick<ChosenCredentials, 'cluster' | 'user'>,
  from: string,
): Promise<KubeConfig> => {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  // The library refuses http:// servers unless certificates are not checked.
  const isPlainHttp = stringAt(cluster, 'server')?.startsWith('http:') === true
  const reached = isPlainHttp ? { ...cluster, 'insecure-skip-tls-verify': true } : cluster
  await orProblem(from, () =>
    config.loadFromString(
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'chosen', cluster: reached }],
        users: [{ name: 'chosen', user }],
        contexts: [{ name: 'chosen', context: { cluster: 'chosen', user: 'chosen' } }],
        'current-context': 'chosen',
      }),
    ),
  )
  return config
}

/** Runs `work` with the client library. Turns its errors into a {@link KubeconfigProblem}. */
export const orProblem = async <T>(from: string, work: () => T | Promise<T>): Promise<T> => {
  try {
    return await work()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    // oxlint-disable-next-line preserve-caught-error -- its other lines may show what is in the file
    throw new KubeconfigProblem(`kubeconfig ${from}: ${message.split('\n', 1)[0] ?? ''}`)
  }
}
