import { hooks } from '../../src/kube/resources.ts'
import { accessOptions, allNamespaces, namespaceOption, openCluster } from '../cluster/cluster.ts'
import { listObjects } from '../cluster/hooks.ts'
import { systemNamespaceOption } from '../cluster/system.ts'
import type { Command } from '../../src/commands/command.ts'
import { checkAccounts } from '../doctor/accounts.ts'
import { checkEndpoint } from '../doctor/endpoint.ts'
import { type Finding } from '../doctor/finding.ts'
import { checkFlowControl } from '../doctor/flow-control.ts'
import { checkHooks, checkRecords, checkSecrets, checkServed } from '../doctor/hooks.ts'
import {
  checkClock,
  checkDefinitions,
  checkDeployments,
  checkKeys,
  checkLeader,
  checkNamespace,
  checkServedNamespaces,
  checkStop,
  notInstalled,
  unseen,
} from '../doctor/installation.ts'
import { checkPolicies } from '../doctor/policies.ts'
import { checkRights } from '../doctor/your-rights.ts'
import { choice, publicURL } from '../../src/commands/options.ts'
import { colourOption, paintFor, type Style } from '../output/colour.ts'
import { printable } from '../output/table.ts'
import { messageLines } from '../output/wrap.ts'

const base = publicURL({ means: "where the endpoint is reached from here (default: what hooks' URLs begin with)" })
const output = choice({ flag: 'output', short: 'o', value: 'FORMAT', means: 'text or json' }, ['text', 'json'], 'text')

const styles: Readonly<Record<Finding['is'], Style>> = { ok: 'good', warning: 'warning', failure: 'bad' }

/** Checks the installation and the hooks, and says what to do about each problem. */
export const doctorOf = (version: string): Command => ({
  details:
    'It changes nothing. Its only post goes to a URL that no hook has. Exit code 1 says that something fails; judge warnings yourself.',
  options: [namespaceOption, allNamespaces, systemNamespaceOption, base, output, colourOption, ...accessOptions],
  examples: [
    { line: 'doctor -A', means: 'the installation, and the hooks of all namespaces' },
    { line: 'doctor -o json', means: 'for scripts' },
  ],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const system = given.get(systemNamespaceOption)
    const namespace = given.get(allNamespaces) ? undefined : cluster.namespace
    const { clock, env, out } = shell
    const definitions = await checkDefinitions(cluster).catch((error: unknown) => [unseen('definitions', error)])
    const items = listObjects(cluster, hooks, namespace)
    // Each check that needs them says why they cannot be listed.
    items.catch(() => undefined)
    const checks: readonly (readonly [string, () => Promise<Finding | readonly Finding[]>])[] = [
      ['definitions', () => Promise.resolve(definitions)],
      ...(namespace === undefined ? [] : [['namespace', () => checkNamespace(cluster)] as const]),
      ['your rights', () => checkRights(cluster)],
      ['clock', () => checkClock(cluster, () => clock.now())],
      ['controller', () => checkLeader(cluster, system, () => clock.now())],
      ['replicas', () => checkDeployments(cluster, system, version)],
      ['admission policies', () => checkPolicies(cluster)],
      ['flow control', () => checkFlowControl(cluster, system)],
      ['keys', () => checkKeys(cluster, system)],
      ['stop', () => checkStop(cluster, system)],
      ['endpoint', () => checkEndpoint(items, given.get(base), env)],
      ['hooks', () => checkHooks(cluster, items)],
      ['namespaces', () => checkServedNamespaces(cluster, system, items)],
      ['hooks', () => checkServed(cluster, system, items)],
      ['auth', () => checkSecrets(items)],
      ['accounts', () => checkAccounts(cluster, clock, items)],
      ['records', () => checkRecords(cluster, namespace, items)],
    ]
    const all = definitions === notInstalled ? [] : checks
    const found = await Promise.all(
      all.map(([about, check]) => check().catch((error: unknown) => unseen(about, error))),
    )
    const findings = definitions === notInstalled ? notInstalled : found.flat()
    const paint = paintFor(given, shell)
    if (given.get(output) === 'json') out.write(`${JSON.stringify(findings, undefined, 4)}\n`)
    else
      for (const finding of findings)
        out.write(linesOf(finding, out.columns(), text => paint(styles[finding.is], text)))
    return findings.some(({ is }) => is === 'failure') ? 1 : 0
  },
})

/** The width of the left column with the blanks after it, in characters. */
const margin = 9

const linesOf = (
  { about, is, message, todo }: Finding,
  columns: number | undefined,
  paint: (text: string) => string,
): string => {
  const width = columns === undefined ? undefined : columns - margin
  const found = messageLines(printable(`${about}: ${message}`), width)
  const lines = [...found, ...(todo === undefined ? [] : messageLines(printable(`To do: ${todo}`), width))]
  return lines
    .map((line, index) => `${index === 0 ? `${paint(is.padEnd(7))}  ` : ' '.repeat(margin)}${line}\n`)
    .join('')
}
