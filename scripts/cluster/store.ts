import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { filesOf, versionOf, type Part } from './parts.ts'

export type Variables = Readonly<Record<string, string | undefined>>

/** Where what was built from a part is kept, outside of the work tree: one folder a version. */
export const storeFolder = (part: Part, env: Variables): string => {
  const cache = env['XDG_CACHE_HOME'] ?? ''
  const root = cache === '' ? join(homedir(), '.cache') : cache
  return join(root, 'receiver-hooks', `${part.name}-${versionOf(part)}`)
}

/** Where a file of a part is: in KUBEBUILDER_ASSETS, else where it was built; undefined where it is nowhere yet. */
export const locate = (part: Part, file: string, env: Variables): string | undefined => {
  const given = givenFile(part, file, env)
  if (given !== undefined) return given
  const built = join(storeFolder(part, env), file)
  return existsSync(built) ? built : undefined
}

const givenFile = (part: Part, file: string, env: Variables): string | undefined => {
  const folder = env['KUBEBUILDER_ASSETS'] ?? ''
  if (folder === '') return undefined
  const path = join(folder, file)
  return existsSync(path) && isOfVersion(part, path) ? path : undefined
}

/** A folder of another Kubernetes must not pass for the version that a test run asked for. */
const isOfVersion = (part: Part, path: string): boolean => {
  if (part.module !== 'k8s.io/kubernetes') return true
  const said = execFileSync(path, ['--version'], { encoding: 'utf8' })
  const minor = versionOf(part).split('.').slice(0, 2).join('.')
  return said.startsWith(`Kubernetes v${minor}.`)
}

/** Where all files of these parts are. Throws an error that names what is missing and says how to get it. */
export const locateAll = (parts: readonly Part[], env: Variables): Readonly<Record<string, string>> => {
  const found = parts.flatMap(part => filesOf(part).map(file => ({ part, file, path: locate(part, file, env) })))
  const missing = found.filter(({ path }) => path === undefined)
  if (missing.length > 0) {
    const named = missing.map(({ file, part }) => `${file} ${versionOf(part)}`).join(', ')
    throw new Error(`not there: ${named}. Run "npm run cluster:binaries", with the same KUBERNETES_VERSION`)
  }
  return Object.fromEntries(found.flatMap(({ file, path }) => (path === undefined ? [] : [[file, path] as const])))
}
