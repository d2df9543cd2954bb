import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { gte, valid } from 'semver'
import { monitoringParts } from '../cluster/parts.ts'
import { locateAll, versionSaid, type Variables } from '../cluster/store.ts'

/** How to get Prometheus and Alertmanager. */
export const howToGetThem = 'npm run cluster:binaries -- prometheus alertmanager'

/** What a program is called, in this order, and the oldest version that can be used. */
interface Wanted {
  readonly names: readonly string[]
  readonly atLeast: string
}

/** Debian prefixes the name of Alertmanager. `url_file` came with 0.26. */
const wanted: Readonly<Record<string, Wanted>> = {
  prometheus: { names: ['prometheus'], atLeast: '2.45.0' },
  alertmanager: { names: ['alertmanager', 'prometheus-alertmanager'], atLeast: '0.26.0' },
}

/** Returns where Prometheus and Alertmanager are: built by this project, else in PATH. Throws an error that says how to get them. */
export const monitoringBinaries = (env: Variables): Readonly<Record<string, string>> => {
  try {
    return locateAll(monitoringParts, env)
  } catch (error) {
    const found = Object.entries(wanted).map(([name, program]) => [name, inPath(program, env)] as const)
    if (found.every((entry): entry is [string, string] => entry[1] !== undefined)) return Object.fromEntries(found)
    throw new Error(`Prometheus or Alertmanager is missing: run "${howToGetThem}"`, { cause: error })
  }
}

const inPath = ({ atLeast, names }: Wanted, env: Variables): string | undefined =>
  (env['PATH'] ?? '')
    .split(delimiter)
    .flatMap(folder => names.map(name => ({ name, file: join(folder, name) })))
    .find(({ file }) => isProgram(file) && isNewEnough(file, atLeast))?.file

const isProgram = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Returns whether a program is new enough. Both programs print `NAME, version 1.2.3 (…)`, under Debian's names as well. */
const isNewEnough = (file: string, atLeast: string): boolean => {
  for (const name of Object.keys(wanted)) {
    const version = versionOf(file, `${name}, version `)
    if (valid(version) !== null) return gte(version, atLeast)
  }
  return false
}

const versionOf = (file: string, before: string): string => {
  try {
    return versionSaid(file, { args: ['--version'], before })
  } catch {
    return ''
  }
}
