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
import { kubeconfigFor } from '../apiserver/playground/kubeconfig.ts'
import { startControlPlane } from '../test/cluster/control-plane/control-plane.ts'
import { startWorkloads } from '../test/cluster/control-plane/workloads.ts'
import { spawnOwned } from '../test/support/owned-process.ts'
import { apiOf } from './load/api.ts'
import type { Reached } from './load/job.ts'

/** What a row needs of its API server in addition to what all need. */
export interface Needs {
  /** Controllers that make Deployments ready, and so write to them as the scaler does. */
  readonly workloads?: boolean
  /** A log of what was written, or of all requests but watches. */
  readonly audit?: 'writes' | 'requests'
}

/** An API server of a row's own, in processes of its own. */
export interface Server {
  readonly reached: Reached
  readonly kubeconfig: string
  readonly api: ApiConnection
  /** A folder for the files of a row. */
  readonly folder: string
  /** How many requests that are logged the product has made so far, its Lease and questions about rights apart. */
  readonly productRequests: () => number
  /** What it has done so far. */
  readonly work: () => Promise<Work>
  readonly stop: () => Promise<void>
}

/** What an API server has done since it started. */
export interface Work {
  /** Requests for hooks, records and targets, watches and the proofs that they are current apart. */
  readonly requests: number
  /** What it has stored, in bytes: all versions. */
  readonly bytes: number
  /** How large its database is, in bytes; 0 where it has none. */
  readonly database: number
  /** How much of the database is in use, in bytes: the objects, and their versions since the last compaction. */
  readonly inUse: number
}

/** Returns the binaries of a real API server, or why there are none. */
const realBinaries = (): Readonly<Record<string, string>> | undefined => {
  try {
    return locateAll(clusterParts(kubernetesVersion(process.env)), process.env)
  } catch {
    return undefined
  }
}

/** Returns what the rows run on, in words: a real kube-apiserver where its binaries are there. */
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
  const plane = await (needs.audit === undefined
    ? startControlPlane()
    : withAssets(audited(binaries, folder, { auditLog, policy: policies[needs.audit] }), startControlPlane))
  if (needs.workloads === true) await startWorkloads(plane)
  const reached = { server: plane.server, ca: plane.ca, token: plane.tokens.admin }
  // The metrics are larger than any answer that the product reads.
  const metrics = apiOf(reached)
  return {
    reached,
    kubeconfig: await inJSON(await readFile(plane.kubeconfig, 'utf8'), folder),
    api: plane.api,
    folder,
    productRequests: () => productRequestsIn(auditLog),
    work: async () => {
      const { text } = await metrics.send('GET', '/metrics')
      const etcd = await (await fetch(`${plane.etcdURL}/metrics`)).text()
      return { requests: requestsIn(text), bytes: bytesIn(etcd), database: databaseIn(etcd), inUse: inUseIn(etcd) }
    },
    stop: async () => {
      await plane.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Writes the same kubeconfig as JSON. A pod reads its service account out of two small files, and never loads the parser of YAML:
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

const auditPolicy = (unlogged: readonly string[]) => ({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'None', verbs: unlogged }, { level: 'Metadata' }],
})

/** What is logged takes time, so that only rows have a log that ask for one. */
const policies = { writes: auditPolicy(['get', 'list', 'watch']), requests: auditPolicy(['watch']) } as const

/** Makes a folder of binaries whose kube-apiserver keeps an audit log. */
const audited = (
  binaries: Readonly<Record<string, string>>,
  folder: string,
  { auditLog, policy: rules }: { readonly auditLog: string; readonly policy: object },
): string => {
  const assets = join(folder, 'assets')
  mkdirSync(assets)
  const policy = join(folder, 'audit-policy.json')
  writeFileSync(policy, JSON.stringify(rules))
  for (const [name, path] of Object.entries(binaries)) {
    if (name !== 'kube-apiserver') symlinkSync(path, join(assets, name))
  }
  const script = `#!/bin/sh\nexec '${binaries['kube-apiserver']}' "$@" --audit-policy-file='${policy}' --audit-log-path='${auditLog}'\n`
  writeFileSync(join(assets, 'kube-apiserver'), script)
  chmodSync(join(assets, 'kube-apiserver'), 0o755)
  return assets
}

/** Returns whether a request is not counted: for the Lease, or a question about rights. Such a question stores nothing. */
const isLeftOut = (uri = ''): boolean => uri.includes('/leases') || uri.includes('/authorization.k8s.io/')

const productRequestsIn = (auditLog: string): number => {
  if (!existsSync(auditLog)) return 0
  const events = readFileSync(auditLog, 'utf8').split('\n').filter(Boolean).map(parseJson)
  return events.filter(
    event => at(event, 'userAgent') === 'receiver-hooks' && !isLeftOut(stringAt(event, 'requestURI')),
  ).length
}

/**
 * Adds up the requests in an API server's metrics. Lists of hooks are left out: each replica makes one in ten seconds, to
 * know that its watch is current. So where several replicas are idle, there would be no moment without a request.
 */
const requestsIn = (metrics: string): number =>
  sumOf(
    metrics,
    /^apiserver_request_total\{(?![^}]*verb="WATCH")(?![^}]*resource="receiverhooks"[^}]*verb="LIST")[^}]*resource="(?:deployments|receiverhooks|receiverhookrecords)"[^}]*\} (\S+)$/gm,
  )

/** Returns what etcd has been given to store, all versions. */
const bytesIn = (metrics: string): number => sumOf(metrics, /^etcd_debugging_mvcc_total_put_size_in_bytes (\S+)$/gm)

const databaseIn = (metrics: string): number => sumOf(metrics, /^etcd_mvcc_db_total_size_in_bytes (\S+)$/gm)

const inUseIn = (metrics: string): number => sumOf(metrics, /^etcd_mvcc_db_total_size_in_use_in_bytes (\S+)$/gm)

const sumOf = (metrics: string, line: RegExp): number =>
  [...metrics.matchAll(line)].reduce((sum, [, value]) => sum + Number(value), 0)

const startInMemory = async (needs: Needs): Promise<Server> => {
  const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-bench-'))
  const auditLog = needs.audit === undefined ? '' : join(folder, 'audit.log')
  const program = join(import.meta.dirname, 'serve/in-memory.ts')
  const args = [program, auditLog, needs.audit ?? '', needs.workloads === true ? 'workloads' : '']
  const { child, end } = spawnOwned(process.execPath, args, { stdout: 'pipe', stderr: 'inherit' })
  if (!child.stdout) throw new Error('its output is to be a pipe')
  const server = await firstLine(child.stdout)
  const kubeconfig = await inJSON(kubeconfigFor(server), folder)
  const api = connect({ server })
  return {
    reached: { server },
    kubeconfig,
    api,
    folder,
    productRequests: () => productRequestsIn(auditLog),
    work: async () => {
      const metrics = await (await fetch(`${server}/metrics`)).text()
      return { requests: requestsIn(metrics), bytes: bytesIn(metrics), database: 0, inUse: 0 }
    },
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
