import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { clusterParts, kubernetesVersion } from '../../../scripts/cluster/parts.ts'
import { locateAll } from '../../../scripts/cluster/store.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { connect } from '../../../src/environment/node.ts'
import { spawnOwned, type OwnedProcess } from '../../support/owned-process.ts'
import { kubeconfigFor, type Reach } from './kubeconfig.ts'
import { freePort } from './ports.ts'

/** Who the API server knows by a token: an administrator, and two people who may do nothing but what a test gives them. */
const userNames = ['admin', 'alice', 'bob'] as const

export type UserName = (typeof userNames)[number]

/** etcd and a kube-apiserver with RBAC, of the version that KUBERNETES_VERSION names. */
export interface ControlPlane extends Reach {
  readonly tokens: Readonly<Record<UserName, string>>
  /** The path of the administrator's kubeconfig. */
  readonly kubeconfig: string
  /** The administrator's connection. */
  readonly api: ApiConnection
  /** Where what belongs to it is kept. It is removed in the end. */
  readonly folder: string
  /** Ends the API server without a warning. etcd lives on. */
  readonly killApiServer: () => Promise<void>
  /** Starts the API server again, at its old address, and resolves when it is ready. */
  readonly startApiServer: () => Promise<void>
  /** The etcd that runs now. */
  readonly etcd: () => OwnedProcess
  /**
   * Ends the API server and etcd, lets `change` change the folder of etcd's data, and starts both
   * again. Resolves when they are ready.
   */
  readonly changeEtcd: (change: (data: string) => Promise<void>) => Promise<void>
  /**
   * Ends etcd, lets `change` change the folder of its data, and starts it again, beneath API servers
   * that run on.
   */
  readonly changeEtcdBeneath: (change: (data: string) => Promise<void>) => Promise<void>
  /** Where etcd serves, its metrics too. */
  readonly etcdURL: string
  /** The API server that runs now. */
  readonly apiServer: () => OwnedProcess
  /** Starts a second API server on the same etcd, which it reaches at this port; resolves with its own. */
  readonly startAnother: (etcdPort: number) => Promise<number>
  /** Starts another program with this cluster's files: ended, at the latest, with the control plane. */
  readonly run: (name: string, args: readonly string[]) => Promise<OwnedProcess>
  /** Ends everything that belongs to it. */
  readonly stop: () => Promise<void>
}

/** How long a start may take on a machine that is busy, in milliseconds; two seconds is usual. */
const readyWithinMs = 300_000

/** How a control plane differs from one that nobody but this machine's processes uses. */
interface Setting {
  /** The API server reaches etcd at the port that this makes of etcd's own. */
  readonly etcdBehind?: (port: number) => Promise<number>
  /** Where the API server listens. */
  readonly address?: string
  /** Flags of the API server, which come after its own. */
  readonly flags?: readonly string[]
}

/** Starts a control plane of its own. Throws with the end of its log where it does not become ready. */
export const startControlPlane = async ({
  address = '127.0.0.1',
  etcdBehind = async port => port,
  flags = [],
}: Setting = {}): Promise<ControlPlane> => {
  const binaries = locateAll(clusterParts(kubernetesVersion(process.env)), process.env, ['etcd', 'kube-apiserver'])
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-'))
  const [etcdPort, peerPort, apiPort] = [await freePort(), await freePort(), await freePort()]
  const etcdURL = `http://127.0.0.1:${etcdPort}`
  const seenEtcdURL = `http://127.0.0.1:${await etcdBehind(etcdPort)}`
  const server = `https://${address}:${apiPort}`
  const tokens = { admin: newToken(), alice: newToken(), bob: newToken() }
  await writeCredentials(folder, tokens)

  const running = new Set<OwnedProcess>()
  const run: ControlPlane['run'] = async (name, args) => {
    await using log = await open(join(folder, `${name}.log`), 'a')
    const started = spawnOwned(binaries[name] ?? name, args, { stdout: log.fd, stderr: log.fd })
    running.add(started)
    started.child.once('exit', () => void running.delete(started))
    return started
  }
  const runApiServer = async (): Promise<OwnedProcess> => {
    const apiServer = await run('kube-apiserver', [...apiServerFlags(folder, seenEtcdURL, address, apiPort), ...flags])
    await ready(apiServer, { folder, server, token: tokens.admin })
    return apiServer
  }
  const end = async (): Promise<void> => {
    await Promise.all([...running].map(part => part.end('SIGKILL')))
    await rm(folder, { recursive: true, force: true })
  }

  try {
    const runEtcd = () => run('etcd', etcdFlags(folder, etcdURL, `http://127.0.0.1:${peerPort}`))
    let etcd = await runEtcd()
    let apiServer = await runApiServer()
    const changeEtcdBeneath: ControlPlane['changeEtcdBeneath'] = async change => {
      await etcd.end('SIGTERM')
      await change(etcdData(folder))
      etcd = await runEtcd()
    }
    const ca = await readFile(certificateIn(folder), 'utf8')
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, kubeconfigFor({ server, ca }, tokens.admin))
    const api = connect({ server, tls: { ca }, authorization: async () => `Bearer ${tokens.admin}` })
    return {
      server,
      ca,
      tokens,
      ...{ kubeconfig, api, folder },
      etcd: () => etcd,
      changeEtcd: async change => {
        await apiServer.end('SIGKILL')
        await changeEtcdBeneath(change)
        apiServer = await runApiServer()
      },
      changeEtcdBeneath,
      ...{ etcdURL, apiServer: () => apiServer },
      startAnother: async seenEtcdPort => {
        const port = await freePort()
        const ownFlags = apiServerFlags(folder, `http://127.0.0.1:${seenEtcdPort}`, address, port)
        const another = await run('kube-apiserver', [...ownFlags, ...flags])
        await ready(another, { folder, server: `https://${address}:${port}`, token: tokens.admin })
        return port
      },
      run,
      killApiServer: () => apiServer.end('SIGKILL'),
      startApiServer: async () => void (apiServer = await runApiServer()),
      stop: async () => {
        await api.close()
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** Resolves when the API server says that it is ready. */
const ready = async (
  apiServer: OwnedProcess,
  { folder, server, token }: { readonly folder: string; readonly server: string; readonly token: string },
): Promise<void> => {
  const giveUpAt = Date.now() + readyWithinMs
  while (apiServer.running() && Date.now() < giveUpAt) {
    const ca = await readFile(certificateIn(folder), 'utf8').catch(() => '')
    if (ca !== '' && (await saysReady({ server, ca }, token))) return
    await sleep(50)
  }
  const log = (await readFile(join(folder, 'kube-apiserver.log'), 'utf8')).split('\n').slice(-20).join('\n')
  const what = apiServer.running() ? `is not ready within ${readyWithinMs / 1000} s` : 'has ended'
  throw new Error(`the API server ${what}; the end of its log:\n${log}`)
}

const saysReady = async ({ server, ca }: Reach, token: string): Promise<boolean> => {
  const api = connect({ server, tls: { ca }, authorization: async () => `Bearer ${token}` })
  try {
    return (await api.request({ method: 'GET', path: '/readyz', lane: 'bulk', timeoutMs: 2000 })).status === 200
  } catch {
    return false
  } finally {
    await api.close()
  }
}

/** Returns the certificate that the API server makes for itself, with that of its issuer. */
const certificateIn = (folder: string): string => join(folder, 'apiserver.crt')

const newToken = (): string => randomBytes(16).toString('hex')

/** Writes the owner of each token, and the key pair for the tokens of service accounts. */
const writeCredentials = async (folder: string, tokens: ControlPlane['tokens']): Promise<void> => {
  const lines = userNames.map(name => `${tokens[name]},${name},${name}${name === 'admin' ? ',"system:masters"' : ''}`)
  await writeFile(join(folder, 'tokens.csv'), lines.join('\n'))
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  await writeFile(join(folder, 'service-accounts.key'), privateKey)
  await writeFile(join(folder, 'service-accounts.pub'), publicKey)
}

const etcdData = (folder: string): string => join(folder, 'etcd')

const etcdFlags = (folder: string, url: string, peerURL: string): readonly string[] => [
  `--data-dir=${etcdData(folder)}`,
  `--listen-client-urls=${url}`,
  `--advertise-client-urls=${url}`,
  `--listen-peer-urls=${peerURL}`,
  `--initial-advertise-peer-urls=${peerURL}`,
  `--initial-cluster=default=${peerURL}`,
  // Nothing of this need survive the machine's power being cut.
  '--unsafe-no-fsync',
  '--log-level=error',
]

const apiServerFlags = (folder: string, etcdURL: string, address: string, port: number): readonly string[] => [
  `--etcd-servers=${etcdURL}`,
  `--bind-address=${address}`,
  `--advertise-address=${address}`,
  `--secure-port=${port}`,
  // It makes a certificate for itself in here.
  `--cert-dir=${folder}`,
  `--token-auth-file=${join(folder, 'tokens.csv')}`,
  '--authorization-mode=RBAC',
  `--service-account-key-file=${join(folder, 'service-accounts.pub')}`,
  `--service-account-signing-key-file=${join(folder, 'service-accounts.key')}`,
  '--service-account-issuer=https://kubernetes.default.svc',
  '--service-cluster-ip-range=10.0.0.0/24',
  // Loopback is no address for an Endpoints object, and nobody needs that object here.
  '--endpoint-reconciler-type=none',
]
