import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { parse } from 'yaml'
import { clusterParts, kubernetesVersion } from '../scripts/cluster/parts.ts'
import { locateAll, versionSaid } from '../scripts/cluster/store.ts'
import { at, parseJson, stringAt } from '../src/api/json.ts'
import type { ApiConnection } from '../src/environment/environment.ts'
import { connect } from '../src/environment/node.ts'
import { kubeconfigFor } from '../src/playground/kubeconfig.ts'
import { startControlPlane } from '../test/cluster/control-plane/control-plane.ts'
import { startWorkloads } from '../test/cluster/control-plane/workloads.ts'
import { spawnLeashed } from '../test/support/leash.ts'
import type { Reached } from './load/job.ts'

/** What a row needs of its API server beside what all need. */
export interface Needs {
  /** Controllers that make Deployments ready, and so write to them beside whoever scales them. */
  readonly workloads?: boolean
  /** A log of what was written. */
  readonly audit?: boolean
}

/** An API server of a row's own, in processes of its own. */
export interface Server {
  readonly reached: Reached
  readonly kubeconfig: string
  readonly api: ApiConnection
  /** Where the files of whoever uses it can be kept. */
  readonly folder: string
  /** How many writes the product has made so far, its lease apart. Only where they are logged. */
  readonly productWrites: () => number
  readonly stop: () => Promise<void>
}

/** The binaries of a real API server, or why there are none. */
const realBinaries = (): Readonly<Record<string, string>> | undefined => {
  try {
    return locateAll(clusterParts(kubernetesVersion(process.env)), process.env)
  } catch {
    return undefined
  }
}

/** What the rows run on, in words: a real kube-apiserver where its binaries are there. */
export const serverInWords = (inMemory: boolean): string => {
  const binary = inMemory ? undefined : realBinaries()?.['kube-apiserver']
  if (binary === undefined) return 'the in-memory API server'
  return `kube-apiserver ${versionSaid(binary, { args: ['--version'], before: 'Kubernetes v' })} with etcd`
}

export const startServer = (inMemory: boolean, needs: Needs): Promise<Server> => {
  const binaries = inMemory ? undefined : realBinaries()
  return binaries ? startReal(binaries, needs) : startInMemory(needs)
}

const startReal = async (binaries: Readonly<Record<string, string>>, needs: Needs): Promise<Server> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-bench-'))
  const auditLog = join(folder, 'audit.log')
  const plane = await (needs.audit === true
    ? withAssets(audited(binaries, folder, auditLog), startControlPlane)
    : startControlPlane())
  if (needs.workloads === true) await startWorkloads(plane)
  return {
    reached: { server: plane.server, ca: plane.ca, token: plane.tokens.admin },
    kubeconfig: await inJSON(await readFile(plane.kubeconfig, 'utf8'), folder),
    api: plane.api,
    folder,
    productWrites: () => productWritesIn(auditLog),
    stop: async () => {
      await plane.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * The same kubeconfig as JSON. A pod reads its service account out of two small files, and never loads the parser of YAML:
 * so what is measured is not to load it either.
 */
const inJSON = async (kubeconfig: string, folder: string): Promise<string> => {
  const file = join(folder, 'kubeconfig.json')
  await writeFile(file, JSON.stringify(parse(kubeconfig)))
  return file
}

/** Begins something that looks for its binaries in this folder first. It looks before it returns. */
const withAssets = <T>(folder: string, begin: () => Promise<T>): Promise<T> => {
  const before = process.env['KUBEBUILDER_ASSETS']
  process.env['KUBEBUILDER_ASSETS'] = folder
  const begun = begin()
  if (before === undefined) delete process.env['KUBEBUILDER_ASSETS']
  else process.env['KUBEBUILDER_ASSETS'] = before
  return begun
}

/** Reads are not logged. What is logged takes time, so that only rows have a log that ask for one. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'None', verbs: ['get', 'list', 'watch'] }, { level: 'Metadata' }],
}

/** A folder of binaries whose kube-apiserver keeps an audit log. */
const audited = (binaries: Readonly<Record<string, string>>, folder: string, auditLog: string): string => {
  const assets = join(folder, 'assets')
  mkdirSync(assets)
  const policy = join(folder, 'audit-policy.json')
  writeFileSync(policy, JSON.stringify(auditPolicy))
  for (const [name, path] of Object.entries(binaries)) {
    if (name !== 'kube-apiserver') symlinkSync(path, join(assets, name))
  }
  const script = `#!/bin/sh\nexec '${binaries['kube-apiserver']}' "$@" --audit-policy-file='${policy}' --audit-log-path='${auditLog}'\n`
  writeFileSync(join(assets, 'kube-apiserver'), script)
  chmodSync(join(assets, 'kube-apiserver'), 0o755)
  return assets
}

const productWritesIn = (auditLog: string): number => {
  if (!existsSync(auditLog)) return 0
  const events = readFileSync(auditLog, 'utf8').split('\n').filter(Boolean).map(parseJson)
  return events.filter(
    event => at(event, 'userAgent') === 'receiver-hooks' && !stringAt(event, 'requestURI')?.includes('/leases'),
  ).length
}

const startInMemory = async (needs: Needs): Promise<Server> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-bench-'))
  const auditLog = needs.audit === true ? join(folder, 'audit.log') : ''
  const program = join(import.meta.dirname, 'serve/in-memory.ts')
  const args = [program, auditLog, needs.workloads === true ? 'workloads' : '']
  const { child, end } = spawnLeashed(process.execPath, args, { stdout: 'pipe', stderr: 'inherit' })
  if (!child.stdout) throw new Error('its output is to be a pipe')
  const server = await firstLine(child.stdout)
  const kubeconfig = await inJSON(kubeconfigFor(server), folder)
  const api = connect({ server })
  return {
    reached: { server },
    kubeconfig,
    api,
    folder,
    productWrites: () => productWritesIn(auditLog),
    stop: async () => {
      await api.close()
      await end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const firstLine = (output: Readable): Promise<string> =>
  new Promise((resolve, reject) => {
    const lines = createInterface({ input: output })
    lines.once('line', resolve)
    lines.once('close', () => reject(new Error('the API server ended before it said where it is')))
  })
