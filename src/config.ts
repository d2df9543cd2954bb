import { parseArgs } from 'node:util'
import { logLevels, type LogLevel } from './environment/log.ts'

/** What the command line asks for. Times are in milliseconds. */
export type Command =
  | { readonly command: 'help' | 'version' }
  | ({ readonly command: 'run' } & RunOptions)
  | ({ readonly command: 'playground' } & PlaygroundOptions)

export interface RunOptions {
  readonly roles: readonly Role[]
  /** The product's own namespace: its keys and its lease are there. */
  readonly namespace: string | undefined
  /** The one namespace whose hooks are served; all when undefined. */
  readonly watchNamespace: string | undefined
  readonly publicURL: string | undefined
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly identity: string
  readonly host: string
  readonly triggerPort: number
  readonly operationsPort: number
  readonly shutdownDelayMs: number
  readonly logLevel: LogLevel
}

export interface PlaygroundOptions {
  readonly apiPort: number
  readonly triggerPort: number
  readonly operationsPort: number
  readonly kubeconfig: string | undefined
  readonly logLevel: LogLevel
}

export type Role = 'controller' | 'trigger'

/** The command line is wrong; the message says how to mend it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const usage = `receiver-hooks: URLs that run one action in a Kubernetes cluster when something POSTs to them

Usage:
  receiver-hooks [controller | trigger] [flags]   run both roles, or one of them, against a cluster
  receiver-hooks playground [flags]               run everything here, on an in-memory API server

Flags:
  --public-url URL          what trigger URLs begin with
                            (default: http://receiver-hooks-trigger.NAMESPACE.svc, reached from inside the cluster)
  --namespace NAME          the product's own namespace, for its keys and its lease
                            (default: POD_NAMESPACE, else the service account's, else receiver-hooks)
  --watch-namespace NAME    serve the hooks of this namespace alone (default: all); several of these need each
                            a --namespace of its own
  --kubeconfig FILE         how to reach the API server (default: KUBECONFIG, the pod's own account, ~/.kube/config)
  --context NAME            a context of the kubeconfig
  --identity NAME           this process in the election (default: HOSTNAME and something random)
  --host ADDRESS            where to listen (default: 0.0.0.0)
  --trigger-port PORT       for posts (default: 8080)
  --operations-port PORT    for /healthz, /readyz and /metrics (default: 8081)
  --shutdown-delay SECONDS  how long to keep serving after SIGTERM, until no more posts are sent here (default: 5)
  --log-level LEVEL         debug, info, warn or error (default: info)
  -h, --help
  --version

Flags of the playground:
  --api-port PORT           the in-memory API server (default: 6443)
  --trigger-port PORT       for posts (default: 8080)
  --operations-port PORT    for /healthz, /readyz and /metrics (default: 8081)
  --kubeconfig FILE         write a kubeconfig there as soon as all is ready
  --log-level LEVEL         (default: warn)
`

/** Reads the command line. Throws {@link UsageError}. */
export const parseCommand = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  unique: string,
): Command => {
  const { positionals, values } = parse(args)
  if (values.help) return { command: 'help' }
  if (values.version) return { command: 'version' }
  const [command = 'all', ...rest] = positionals
  if (rest.length > 0) throw new UsageError(`unexpected argument: ${rest.join(' ')}`)
  if (command === 'playground') {
    onlyFor(values, ['api-port', 'trigger-port', 'operations-port', 'kubeconfig', 'log-level'], 'the playground')
    return {
      command,
      apiPort: port('api-port', values['api-port'] ?? '6443'),
      triggerPort: port('trigger-port', values['trigger-port'] ?? '8080'),
      operationsPort: port('operations-port', values['operations-port'] ?? '8081'),
      kubeconfig: values.kubeconfig,
      logLevel: logLevel(values['log-level'] ?? 'warn'),
    }
  }
  if (values['api-port'] !== undefined) throw new UsageError('--api-port belongs to the playground')
  return {
    command: 'run',
    roles: rolesOf(command),
    namespace: values.namespace ?? env['POD_NAMESPACE'],
    watchNamespace: values['watch-namespace'],
    publicURL: values['public-url'] === undefined ? undefined : publicURL(values['public-url']),
    kubeconfig: values.kubeconfig,
    context: values.context,
    identity: values.identity ?? `${env['HOSTNAME'] ?? 'receiver-hooks'}_${unique}`,
    host: values.host ?? '0.0.0.0',
    triggerPort: port('trigger-port', values['trigger-port'] ?? '8080'),
    operationsPort: port('operations-port', values['operations-port'] ?? '8081'),
    shutdownDelayMs: seconds('shutdown-delay', values['shutdown-delay'] ?? '5') * 1000,
    logLevel: logLevel(values['log-level'] ?? 'info'),
  }
}

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        'public-url': { type: 'string' },
        namespace: { type: 'string' },
        'watch-namespace': { type: 'string' },
        kubeconfig: { type: 'string' },
        context: { type: 'string' },
        identity: { type: 'string' },
        host: { type: 'string' },
        'api-port': { type: 'string' },
        'trigger-port': { type: 'string' },
        'operations-port': { type: 'string' },
        'shutdown-delay': { type: 'string' },
        'log-level': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error })
  }
}

const rolesOf = (command: string): readonly Role[] => {
  switch (command) {
    case 'all':
      return ['controller', 'trigger']
    case 'controller':
    case 'trigger':
      return [command]
    default:
      throw new UsageError(`unknown command ${command}: use controller, trigger, playground, or none for both roles`)
  }
}

const onlyFor = (values: object, known: readonly string[], where: string): void => {
  const stray = Object.keys(values).find(name => !known.includes(name))
  if (stray !== undefined) throw new UsageError(`--${stray} means nothing to ${where}`)
}

const port = (flag: string, text: string): number => {
  const number = Number(text)
  if (/^[0-9]+$/.test(text) && number <= 65_535) return number
  throw new UsageError(`--${flag} must be a port from 0 to 65535, and is ${text}`)
}

const seconds = (flag: string, text: string): number => {
  if (/^[0-9]+$/.test(text)) return Number(text)
  throw new UsageError(`--${flag} must be a number of seconds, and is ${text}`)
}

const logLevel = (text: string): LogLevel => {
  const level = logLevels.find(known => known === text)
  if (level === undefined) throw new UsageError(`--log-level must be one of ${logLevels.join(', ')}, and is ${text}`)
  return level
}

const publicURL = (text: string): string => {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    throw new UsageError(`--public-url must be an http or https URL such as https://hooks.example.com, and is ${text}`)
  }
  // Not as the URL parser sees it, which passes over an empty query, and over blanks and line breaks around it.
  if (/[?#\s]/.test(text)) throw new UsageError('--public-url must end with its path: no query, no fragment, no blank')
  return text.replace(/\/+$/, '')
}
