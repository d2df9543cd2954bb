import type { Role } from '../api/bind-command.ts'
import { policyNames } from '../api/names.ts'
import { UsageError, type Command, type ParsedLine, type Option } from './command.ts'
import {
  beginning,
  choice,
  flag,
  issuers,
  namespaceName,
  namespaceNames,
  port,
  publicURL,
  seconds,
  text,
  textOr,
} from './options.ts'
import type { Shell } from './shell.ts'
import { forkEvaluator } from '../expressions/worker/process.ts'
import { supervisedExpressions } from '../expressions/worker/supervised.ts'
import type { Log } from '../environment/environment.ts'
import { logLevels, pinoLog, type LogLevel } from '../environment/log.ts'
import { usableMemory } from '../environment/memory.ts'
import { promMetrics } from '../environment/metrics.ts'
import { connect, nodeClock, nodeRandom } from '../environment/node.ts'
import { nodeOutbound } from '../environment/outbound.ts'
import type { Exported } from '../environment/tracing.ts'
import type { Issuer } from '../token/issuer.ts'
import { startRoles } from '../roles.ts'
import { startReader } from '../trigger/reading/start.ts'
import { version } from '../version.ts'

const allRoles = ['controller', 'trigger'] as const satisfies readonly Role[]

/** The settings of a process. Times are in milliseconds. */
export interface RunOptions {
  readonly roles: readonly Role[]
  /** The installation's namespace, with its keys and its lease. */
  readonly namespace: string | undefined
  /** The namespaces whose hooks are served. Empty: all. */
  readonly watchNamespaces: readonly string[]
  readonly publicURL: string | undefined
  /** The service account of triggers that run in other processes. */
  readonly triggerAccount: string | undefined
  /** Whether the admission policy on the trigger's account is in force. */
  readonly triggerPolicy: boolean
  /** Whether ReceiverHookRequests are run. */
  readonly requests: boolean
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  readonly identity: string
  readonly host: string
  readonly triggerPort: number
  readonly operationsPort: number
  readonly shutdownDelayMs: number
  readonly logLevel: LogLevel
  /** The issuers whose ID tokens hooks may ask for. */
  readonly issuers: readonly Issuer[]
  /** Where spans go. Undefined: the variables OTEL_EXPORTER_OTLP_* say it, or no spans are made. */
  readonly otlpEndpoint: string | undefined
}

const flags = {
  publicURL: publicURL({
    means:
      'what trigger URLs begin with (default: http://receiver-hooks-trigger.NAMESPACE.svc, which works inside the cluster)',
  }),
  namespace: namespaceName({
    flag: 'namespace',
    short: 'n',
    means:
      "the product's own namespace, for its keys and its lease (default: POD_NAMESPACE, else the service account's, else receiver-hooks)",
  }),
  watchNamespaces: namespaceNames({
    flag: 'watch-namespace',
    means:
      'serve only hooks in this namespace (default: all); may be repeated; each such installation needs its own --namespace',
  }),
  triggerAccount: text({
    flag: 'trigger-account',
    value: 'NAME',
    means:
      "the triggers' service account, in the product's own namespace: a hook is Ready only while this account may do what the hook needs (default: not checked, unless this process is also a trigger)",
  }),
  triggerPolicy: flag({
    flag: 'trigger-policy',
    means:
      "the admission policy receiver-hooks-trigger is in force for the triggers' service account: a hook in kube-system or in the product's own namespace is Ready only with serviceAccountName, or if its driver changes no object",
  }),
  requests: flag({
    flag: 'requests',
    means:
      'run ReceiverHookRequests, and hooks with approval: the admission policies receiver-hooks-requests and receiver-hooks-approval must be in force',
  }),
  kubeconfig: text({
    flag: 'kubeconfig',
    value: 'FILE',
    means: "how to reach the API server (default: KUBECONFIG, the pod's own account, ~/.kube/config)",
    completes: 'files',
  }),
  context: text({ flag: 'context', value: 'NAME', means: 'a context in the kubeconfig', completes: 'contexts' }),
  identity: text({
    flag: 'identity',
    value: 'NAME',
    means: "this process's name in the leader election (default: HOSTNAME and something random)",
  }),
  host: textOr(
    { flag: 'host', value: 'ADDRESS', means: 'where to listen (default: ::, every IPv6 and IPv4 address)' },
    '::',
  ),
  triggerPort: port({ flag: 'trigger-port', means: 'for posts (default: 8080)' }, 8080),
  operationsPort: port({ flag: 'operations-port', means: 'for /healthz, /readyz and /metrics (default: 8081)' }, 8081),
  shutdownDelay: seconds(
    {
      flag: 'shutdown-delay',
      means: 'how long to keep serving after SIGTERM, while senders may still post here (default: 5)',
    },
    5,
  ),
  otlpEndpoint: beginning({
    flag: 'otlp-endpoint',
    means:
      'the trace collector, which takes OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT; without it there are no traces)',
  }),
  oidcIssuer: issuers({
    flag: 'oidc-issuer',
    means:
      'an issuer of ID tokens that hooks may name in auth.oidc, for both roles; may be repeated. Append ",keys=URL" to say where its keys are, or ",keys=cluster" for this cluster\'s',
  }),
  logLevel: choice(
    { flag: 'log-level', value: 'LEVEL', means: 'debug, info, warn or error (default: info)' },
    logLevels,
    'info',
  ),
}

/**
 * Reads the settings from the flags, or else from the environment. `unique` distinguishes processes
 * on one host.
 */
export const runOptions = (given: ParsedLine, env: Shell['env'], unique: string): RunOptions => ({
  roles: rolesOf(given.arguments[0]),
  namespace: given.get(flags.namespace) ?? env['POD_NAMESPACE'],
  watchNamespaces: given.get(flags.watchNamespaces),
  publicURL: given.get(flags.publicURL),
  triggerAccount: given.get(flags.triggerAccount),
  triggerPolicy: given.get(flags.triggerPolicy),
  requests: given.get(flags.requests),
  kubeconfig: given.get(flags.kubeconfig),
  context: given.get(flags.context),
  identity: given.get(flags.identity) ?? `${env['HOSTNAME'] ?? 'receiver-hooks'}_${unique}`,
  host: given.get(flags.host),
  triggerPort: given.get(flags.triggerPort),
  operationsPort: given.get(flags.operationsPort),
  shutdownDelayMs: given.get(flags.shutdownDelay),
  logLevel: given.get(flags.logLevel),
  issuers: given.get(flags.oidcIssuer),
  otlpEndpoint: given.get(flags.otlpEndpoint),
})

const rolesOf = (word: string | undefined): readonly Role[] => {
  if (word === undefined) return allRoles
  const role = allRoles.find(known => known === word)
  if (role === undefined)
    throw new UsageError(`serve takes controller or trigger, or no role to run both: ${word} is not a role`)
  return [role]
}

/** Runs the roles against a cluster until a signal. */
export const serve: Command = {
  arguments: [{ name: 'ROLE', means: 'controller or trigger; both by default', optional: true, choices: allRoles }],
  options: Object.values<Option<unknown>>(flags),
  run: async (given, shell) =>
    await run(runOptions(given, shell.env, Buffer.from(shell.random.bytes(4)).toString('hex')), shell),
}

const run = async (options: RunOptions, { atExit, env, exit }: Shell): Promise<() => Promise<void>> => {
  const { loadAccess } = await import('../kube/access.ts')
  const { standardOutput } = await import('../environment/standard-output.ts')
  const { context, kubeconfig } = options
  const access = await loadAccess({
    env,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  const namespace = options.namespace ?? access.namespace ?? 'receiver-hooks'
  const log = pinoLog({ level: options.logLevel, clock: nodeClock, write: standardOutput(atExit) })
  const metrics = promMetrics({ process: true })
  const connection = connect(access)
  const expressions = supervisedExpressions(nodeClock, forkEvaluator)
  const exporting = await exportingFor(options, env, log)
  const environment = {
    api: connection,
    clock: nodeClock,
    expressions,
    log,
    metrics,
    outbound: nodeOutbound,
    random: nodeRandom,
    tracing: exporting?.tracing,
  }
  const { host, publicURL, triggerAccount } = options
  const roles = await startRoles(environment, {
    controller: options.roles.includes('controller'),
    trigger: options.roles.includes('trigger'),
    namespace,
    watchNamespaces: options.watchNamespaces,
    ...(triggerAccount === undefined ? {} : { triggerAccount: { namespace, name: triggerAccount } }),
    triggerPolicy: options.triggerPolicy,
    requestPolicies: options.requests ? [policyNames.requests, policyNames.approval] : undefined,
    identity: options.identity,
    publicURL: () => publicURL ?? `http://receiver-hooks-trigger.${namespace}.svc`,
    triggerAddress: { host, port: options.triggerPort, flag: '--trigger-port' },
    operationsAddress: { host, port: options.operationsPort, flag: '--operations-port' },
    shutdownDelayMs: options.shutdownDelayMs,
    memoryBytes: usableMemory(),
    issuers: options.issuers,
    startReader,
    wentBack: () => exit(historyWentBack),
  })
  const { operationsPort, triggerPort } = roles
  log.info({ version, roles: options.roles, namespace, triggerPort, operationsPort }, 'started')
  return async () => {
    await roles.stop()
    await exporting?.close()
    expressions.close()
    await connection.close()
  }
}

/** The exit code if etcd was restored beneath this process, so that the kubelet starts it again. */
const historyWentBack = 4

/** The variables by which OpenTelemetry names a collector. */
const endpointVariables = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT']

/** Returns tracing for a trigger with a collector. Without one, nothing of OpenTelemetry is loaded. */
const exportingFor = async (
  { identity, otlpEndpoint, roles }: RunOptions,
  env: Shell['env'],
  log: Log,
): Promise<Exported | undefined> => {
  const isConfigured = otlpEndpoint !== undefined || endpointVariables.some(name => (env[name] ?? '') !== '')
  if (!isConfigured || !roles.includes('trigger')) return undefined
  const { exportingTracing } = await import('../environment/otlp.ts')
  return exportingTracing({ clock: nodeClock, endpoint: otlpEndpoint, instance: identity, log, version })
}
