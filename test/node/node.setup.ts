import { mkdir, open } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { nodeParts } from '../../scripts/cluster/parts.ts'
import { locateAll } from '../../scripts/cluster/store.ts'
import { at, tryParseJson } from '../../src/api/json.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { startControlPlane, type ControlPlane } from '../cluster/control-plane/control-plane.ts'
import { spawnOwned, type OwnedProcess } from '../support/owned-process.ts'
import { nodeAddress, nodeName } from './parts/address.ts'
import { configureContainerd } from './parts/containerd.ts'
import { serveNames } from './parts/dns.ts'
import { pushImages } from './parts/images.ts'
import { kubeletFlags, kubeProxyFlags } from './parts/kubelet.ts'
import { prepareNamespaces } from './parts/network.ts'
import { workFolder, type Work } from './parts/work.ts'

/** How long a node may take to be ready on a machine that is busy, in milliseconds; some seconds are usual. */
const readyWithinMs = 300_000

/** Runs tests on a cluster of one real node, in namespaces of this process's own: see run.ts. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const work = workFolder(process.env)
  await prepareNamespaces()
  const controlPlane = await startControlPlane({
    address: nodeAddress,
    flags: [
      '--allow-privileged=true',
      '--endpoint-reconciler-type=lease',
      '--kubelet-preferred-address-types=InternalIP',
    ],
  })
  const running: OwnedProcess[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(running.map(part => part.end('SIGKILL')))
    await controlPlane.stop()
  }
  try {
    await startNode(controlPlane, work, running)
  } catch (error) {
    await stop()
    throw error
  }
  project.provide('kubeconfig', controlPlane.kubeconfig)
  project.provide('isReal', true)
  const { server, ca, tokens } = controlPlane
  project.provide('cluster', { server, ca, tokens })
  return stop
}

const startNode = async (plane: ControlPlane, { cgroup, folder }: Work, running: OwnedProcess[]): Promise<void> => {
  const { api, kubeconfig, run } = plane
  const programs = locateAll(nodeParts, process.env)
  await mkdir(join(folder, 'logs'), { recursive: true })
  const start = async (name: string, args: readonly string[]): Promise<void> => {
    await using log = await open(join(folder, 'logs', name), 'a')
    running.push(spawnOwned(programs[name] ?? name, args, { stdout: log.fd, stderr: log.fd }))
  }
  const runtime = await configureContainerd(folder)
  await start('containerd', ['--config', runtime.config])
  await start('crane', ['registry', 'serve', '--address', '127.0.0.1:5000'])
  const alone = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0']
  await run('kube-controller-manager', [
    ...alone,
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    `--root-ca-file=${plane.folder}/apiserver.crt`,
    `--service-account-private-key-file=${plane.folder}/service-accounts.key`,
  ])
  await run('kube-scheduler', alone)
  await listening(5000)
  await pushImages(folder, programs['crane'] ?? 'crane')
  await start('kubelet', await kubeletFlags(folder, kubeconfig, runtime.socket, cgroup))
  await start('kube-proxy', await kubeProxyFlags(folder, kubeconfig))
  const names = await serveNames(api)
  names.unref()
  await nodeIsReady(api)
}

const listening = async (port: number): Promise<void> => {
  for (const giveUpAt = Date.now() + readyWithinMs; Date.now() < giveUpAt; await sleep(20)) {
    const connected = await new Promise<boolean>(resolve => {
      const socket = connectTcp(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.unref()
    })
    if (connected) return
  }
  throw new Error(`nothing listens on port ${port}`)
}

const nodeIsReady = async (api: ApiConnection): Promise<void> => {
  for (const giveUpAt = Date.now() + readyWithinMs; Date.now() < giveUpAt; await sleep(100)) {
    const path = `/api/v1/nodes/${nodeName}`
    const asked = api.request({ method: 'GET', path, lane: 'bulk', timeoutMs: 5000 })
    // A busy API server may not answer in time.
    const { body } = await asked.catch(() => ({ body: '' }))
    const conditions = at(tryParseJson(body), 'status', 'conditions')
    const list: readonly unknown[] = Array.isArray(conditions) ? conditions : []
    if (list.some(condition => at(condition, 'type') === 'Ready' && at(condition, 'status') === 'True')) return
  }
  throw new Error(`the node is not ready within ${readyWithinMs / 1000} s: see the logs of kubelet and containerd`)
}
