/**
 * Provides the binaries of a cluster for tests: those of KUBERNETES_VERSION, by default the newest that is tested, or of
 * the parts that are named (`npm run cluster:binaries -- prometheus`). A binary is taken from KUBEBUILDER_ASSETS where
 * it is there, and else built, once, from the Go modules that `modules/` pins.
 */
import { mkdir } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { join } from 'node:path'
import { make } from './build.ts'
import { oneAtATime } from './lock.ts'
import { clusterParts, filesOf, kubernetesVersion, parts, versionOf, type Part } from './parts.ts'
import { locate, storeFolder } from './store.ts'

const wantedParts = (names: readonly string[]): readonly Part[] =>
  names.length === 0 ? clusterParts(kubernetesVersion(process.env)) : names.map(partNamed)

const partNamed = (name: string): Part => {
  const found = parts.find(part => part.name === name)
  if (found === undefined) throw new Error(`no part ${name}: use ${parts.map(part => part.name).join(', ')}`)
  return found
}

const provide = async (part: Part, file: string): Promise<void> => {
  const label = `${file} ${versionOf(part)}`
  const there = locate(part, file, process.env)
  if (there !== undefined) return console.log(`${label}: ${there}`)
  const folder = storeFolder(part, process.env)
  await mkdir(folder, { recursive: true })
  const waiting = (holder: number): void => console.log(`${label}: process ${holder} makes it`)
  await oneAtATime(join(folder, `.${file}.lock`), waiting, async () => {
    if (locate(part, file, process.env) !== undefined) return
    console.log(`${label}: not there, building …`)
    const began = Date.now()
    await make(part, file, folder, line => console.log(`${label}: ${line}`))
    console.log(`${label}: built in ${Math.round((Date.now() - began) / 1000)} s`)
  }).catch((error: unknown) => {
    throw new Error(`${label}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  })
}

// Whoever works on this machine meanwhile goes first.
setPriority(10)
try {
  for (const part of wantedParts(process.argv.slice(2))) for (const file of filesOf(part)) await provide(part, file)
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
