import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { filesOf, kubernetesVersion, sourceFolder, versionOf, type Part, type Says } from './parts.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/** Returns where everything that is provided is kept, outside of the work tree. */
export const storeRoot = (env: Variables): string => {
  const cache = env['XDG_CACHE_HOME'] ?? ''
  return join(cache === '' ? join(homedir(), '.cache') : cache, 'receiver-hooks')
}

/** Returns where what was made of a part is kept: one folder a version, and for a program of this repository one a source. */
export const storeFolder = (part: Part, env: Variables): string =>
  join(storeRoot(env), `${part.name}-${versionOf(part)}${sourceOf(part)}`)

const sourceOf = (part: Part): string => {
  if (part.from !== 'Go module' || !Object.values(part.commands).includes('.')) return ''
  const source = readFileSync(join(sourceFolder(part), 'main.go'))
  return `-${createHash('sha256').update(source).digest('hex').slice(0, 8)}`
}

/** Returns where what envtest publishes for the Kubernetes of this run is unpacked to. */
export const envtestFolder = (env: Variables): string => join(storeRoot(env), `envtest-${kubernetesVersion(env)}`)

/**
 * Returns where a file of a part is: in KUBEBUILDER_ASSETS, else in what envtest publishes, else where it was made; undefined
 * where it is nowhere yet.
 */
export const locate = (part: Part, file: string, env: Variables): string | undefined => {
  const given = [env['KUBEBUILDER_ASSETS'] ?? '', envtestFolder(env)]
    .filter(folder => folder !== '')
    .map(folder => join(folder, file))
    .find(path => existsSync(path) && isOfVersion(part, path))
  if (given !== undefined) return given
  const made = join(storeFolder(part, env), file)
  return existsSync(made) ? made : undefined
}

/** Returns whether a folder is of a version. A folder of another Kubernetes must not pass for the version that a test run asked for. */
const isOfVersion = (part: Part, path: string): boolean =>
  part.says === undefined || minorOf(versionSaid(path, part.says)) === minorOf(versionOf(part))

const minorOf = (version: string): string => version.split('.').slice(0, 2).join('.')

/** Returns the version that a binary says it has; empty where it says none. Throws where it does not run. */
export const versionSaid = (path: string, { args, before }: Says): string => {
  const said = execFileSync(path, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')
  const line = said.find(text => text.startsWith(before)) ?? ''
  return /^[0-9.]*/.exec(line.slice(before.length))?.[0] ?? ''
}

/**
 * Returns where the files of these parts are. Throws an error that names what is missing and says how to get it; where `needed` is given,
 * only those have to be there.
 */
export const locateAll = (
  parts: readonly Part[],
  env: Variables,
  needed?: readonly string[],
): Readonly<Record<string, string>> => {
  const found = parts.flatMap(part => filesOf(part).map(file => ({ part, file, path: locate(part, file, env) })))
  const missing = found.filter(({ file, path }) => path === undefined && needed?.includes(file) !== false)
  if (missing.length > 0) {
    const named = missing.map(({ file, part }) => `${file} ${versionOf(part)}`).join(', ')
    throw new Error(`not there: ${named}. Run "npm run cluster:binaries", with the same KUBERNETES_VERSION`)
  }
  return Object.fromEntries(found.flatMap(({ file, path }) => (path === undefined ? [] : [[file, path] as const])))
}
