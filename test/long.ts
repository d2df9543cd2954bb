/**
 * Runs one part of what `npm test` leaves out, after providing the binaries that it needs; lists the parts without an argument.
 * `npm run test:long -- PART [ARGUMENT ...]`
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { isKubernetesVersion, kubernetesVersions } from '../scripts/cluster/parts.ts'
import { listed, longParts, type LongPart } from './long/parts.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** Runs a command with this process's output. Throws where it fails. */
const run = async ([program, ...args]: readonly string[], variables: Variables): Promise<void> => {
  const isScript = program?.endsWith('.ts') === true
  const file = isScript ? process.execPath : join('node_modules/.bin', program ?? '')
  const child = spawn(file, isScript ? [program, ...args] : args, {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  if (code !== 0) throw new Error(`${[program, ...args].join(' ')} ended with ${String(code)}`)
}

const runPart = async (part: LongPart, args: readonly string[], variables: Variables = {}): Promise<void> => {
  const binaries = 'scripts/cluster/binaries.ts'
  if (part.cluster) await run([binaries], variables)
  if (part.cluster && part.cluster.length > 0) await run([binaries, ...part.cluster], variables)
  for (const [index, command] of part.commands.entries()) {
    const isLast = index === part.commands.length - 1
    await run([...command, ...(isLast ? args : [])], { ...part.env, ...variables })
  }
}

/** Runs one version after another: two control planes at the same time would disturb their tests. */
const runVersions = async (part: LongPart, args: readonly string[]): Promise<void> => {
  const named = args.filter(isKubernetesVersion)
  const others = args.filter(arg => !isKubernetesVersion(arg))
  for (const version of named.length > 0 ? named : kubernetesVersions) {
    console.log(`Kubernetes ${version}`)
    await runPart(part, others, { KUBERNETES_VERSION: version })
  }
}

const [name, ...args] = process.argv.slice(2)
const part = longParts.find(known => known.name === name)
if (part === undefined) {
  const problem = name === undefined ? '' : `there is no part ${name}\n`
  process.stderr.write(`${problem}npm run test:long -- PART [ARGUMENT ...]\n${listed(longParts)}`)
  process.exitCode = name === undefined ? 0 : 2
} else {
  try {
    await (part.name === 'cluster' ? runVersions(part, args) : runPart(part, args))
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}
