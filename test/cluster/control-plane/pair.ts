import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { cluster, type Cluster } from '../../support/product.ts'
import { tcpProxy, type TcpProxy } from '../tcp-proxy.ts'
import { startControlPlane } from './control-plane.ts'
import { kubeconfigFor } from './kubeconfig.ts'

/** Two API servers on one etcd, behind a balancer whose open connections stay where they are. */
export interface Pair {
  /** At the second API server. */
  readonly here: Cluster
  /** The balancer's kubeconfig. */
  readonly balanced: string
  /** The network between the first API server and etcd. */
  readonly storage: TcpProxy
  /** The network between the product and the API servers. */
  readonly balancer: TcpProxy
  /** New connections go to the second API server from now on. */
  readonly leaveFirst: () => void
  readonly etcd: (signal: 'SIGSTOP' | 'SIGCONT') => void
  readonly first: (signal: 'SIGSTOP' | 'SIGCONT') => void
}

export const startPair = async (): Promise<Pair> => {
  const storages: TcpProxy[] = []
  let etcdPort = 0
  const plane = await startControlPlane({
    etcdBehind: async port => {
      etcdPort = port
      storages.push(await tcpProxy(port))
      return storages[0]?.port ?? port
    },
  })
  onTestFinished(plane.stop)
  const [storage] = storages
  if (storage === undefined) throw new Error('a control plane has an etcd')
  const second = await plane.startAnother(etcdPort)
  let port = Number(new URL(plane.server).port)
  const balancer = await tcpProxy(() => port)
  const write = async (name: string, at: number): Promise<string> => {
    const file = join(plane.folder, name)
    await writeFile(file, kubeconfigFor({ server: `https://127.0.0.1:${at}`, ca: plane.ca }, plane.tokens.admin))
    return file
  }
  return {
    here: await cluster(await write('second', second)),
    balanced: await write('balanced', balancer.port),
    storage,
    balancer,
    leaveFirst: () => void (port = second),
    etcd: signal => plane.etcd().signal(signal),
    first: signal => plane.apiServer().signal(signal),
  }
}
