import { platform } from 'node:os'
import { plugin } from './banner.ts'
import type { Command } from '../../src/commands/command.ts'
import { choice, issuers, port, text } from '../../src/commands/options.ts'
import { serveDashboard } from '../../dashboard/serve.ts'
import { logLevels } from '../../src/environment/log.ts'
import { openPlayground } from '../playground/playground.ts'
import { startRoles } from '../../src/roles.ts'
import { version } from '../../src/version.ts'

const apiPort = port({ flag: 'api-port', means: 'the in-memory API server (default: 6443)' }, 6443)
const triggerPort = port({ flag: 'trigger-port', means: 'for posts (default: 8080)' }, 8080)
const operationsPort = port(
  { flag: 'operations-port', means: 'for /healthz, /readyz and /metrics (default: 8081)' },
  8081,
)
const dashboardPort = port({ flag: 'dashboard-port', means: 'the web page (default: 8082)' }, 8082)
const kubeconfig = text({
  flag: 'kubeconfig',
  value: 'FILE',
  means: 'write a kubeconfig there as soon as everything is ready (default: a temporary file)',
  completes: 'files',
})
const oidcIssuer = issuers({
  flag: 'oidc-issuer',
  means:
    'an issuer of ID tokens that hooks may name in auth.oidc; may be repeated. Append ",keys=URL" to say where its keys are',
})
const logLevel = choice(
  { flag: 'log-level', value: 'LEVEL', means: 'debug, info, warn or error (default: warn)' },
  logLevels,
  'warn',
)

/** Runs everything in this process on an in-memory API server, until a signal. */
export const playground: Command = {
  details: 'It listens only on loopback. When it ends, everything is gone.',
  options: [apiPort, triggerPort, operationsPort, dashboardPort, kubeconfig, oidcIssuer, logLevel],
  examples: [
    { line: 'playground', means: 'an API server on port 6443, with a workload and three hooks to try' },
    { line: 'playground --api-port 0 --kubeconfig ./kubeconfig', means: 'next to your own cluster' },
  ],
  // The playground prints a link with a key to its own page. Only this machine can reach the page.
  showsSecrets: () => true,
  run: async (given, { atExit, env, input, out, program }) =>
    await openPlayground(
      {
        apiPort: given.get(apiPort),
        triggerPort: given.get(triggerPort),
        operationsPort: given.get(operationsPort),
        dashboardPort: given.get(dashboardPort),
        kubeconfig: given.get(kubeconfig),
        issuers: given.get(oidcIssuer),
        logLevel: given.get(logLevel),
        version,
        cli: env['npm_lifecycle_event'] === 'playground' ? cliOfCheckout() : program,
      },
      { startRoles, serveDashboard, onEnter: run => input.onLine(run), atExit },
      line => out.write(`${line}\n`),
    ),
}

/** Returns how the command line of a checkout is called. kubectl's plugin there needs `sh`. */
const cliOfCheckout = (): string => (platform() === 'win32' ? 'npm run --silent cli --' : plugin)
