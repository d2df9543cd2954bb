#!/usr/bin/env node
import { parseCommand, usage, UsageError, type RunOptions } from './config.ts'
import { forkEvaluator } from './environment/expressions/process.ts'
import { supervisedExpressions } from './environment/expressions/supervised.ts'
import { pinoLog } from './environment/log.ts'
import { promMetrics } from './environment/metrics.ts'
import { connect, nodeClock, nodeRandom } from './environment/node.ts'
import { nodeOutbound } from './environment/outbound.ts'
import { standardOutput } from './environment/standard-output.ts'
import { startRoles } from './roles.ts'
import { version } from './version.ts'

const run = async (options: RunOptions): Promise<() => Promise<void>> => {
  const { loadAccess } = await import('./kube/access.ts')
  const { context, kubeconfig } = options
  const access = await loadAccess({
    env: process.env,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  })
  const namespace = options.namespace ?? access.namespace ?? 'receiver-hooks'
  const log = pinoLog({ level: options.logLevel, clock: nodeClock, write: standardOutput(process) })
  const metrics = promMetrics({ process: true })
  const connection = connect(access)
  const expressions = supervisedExpressions(nodeClock, forkEvaluator)
  const environment = {
    api: connection,
    clock: nodeClock,
    expressions,
    log,
    metrics,
    outbound: nodeOutbound,
    random: nodeRandom,
  }
  const { host, publicURL } = options
  const roles = await startRoles(environment, {
    controller: options.roles.includes('controller'),
    trigger: options.roles.includes('trigger'),
    namespace,
    ...(options.watchNamespace === undefined ? {} : { watchNamespace: options.watchNamespace }),
    identity: options.identity,
    publicURL: () => publicURL ?? `http://receiver-hooks-trigger.${namespace}.svc`,
    triggerAddress: { host, port: options.triggerPort },
    operationsAddress: { host, port: options.operationsPort },
    shutdownDelayMs: options.shutdownDelayMs,
  })
  const { operationsPort, triggerPort } = roles
  log.info({ version, roles: options.roles, namespace, triggerPort, operationsPort }, 'started')
  return async () => {
    await roles.stop()
    expressions.close()
    await connection.close()
  }
}

const start = async (): Promise<(() => Promise<void>) | undefined> => {
  const command = parseCommand(process.argv.slice(2), process.env, Buffer.from(nodeRandom.bytes(4)).toString('hex'))
  switch (command.command) {
    case 'help':
      process.stdout.write(usage)
      return undefined
    case 'version':
      process.stdout.write(`${version}\n`)
      return undefined
    case 'run':
      return await run(command)
    case 'playground': {
      const { playground } = await import('./playground/playground.ts')
      return await playground(command, startRoles, line => process.stdout.write(`${line}\n`))
    }
  }
}

const fail = (error: unknown): never => {
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(error instanceof UsageError ? `${message}\n\nTry receiver-hooks --help.\n` : `${message}\n`)
  process.exit(error instanceof UsageError ? 2 : 1)
}

const starting = start()
starting.catch(fail)

let stopping = false
const onSignal = (): void => {
  // A second signal means that the person does not want to wait.
  if (stopping) process.exit(130)
  stopping = true
  starting
    .then(stop => stop?.())
    .then(() => process.exit(0))
    .catch(fail)
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
