/**
 * Runs test/node: the product's image on a real kubelet with containerd, kube-proxy and a registry on loopback. All of it
 * runs in namespaces of its own (network, mounts, processes), so that nothing reaches the machine's network, and the end of
 * the first process ends everything. It needs root on Linux; what is missing of Debian's packages it installs itself.
 * Arguments are vitest's: `npm run test:long -- node test/node/install.test.ts`.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { storeRoot } from '../../scripts/cluster/store.ts'
import { kubernetes, kubernetesVersions, monitoringParts, nodeParts } from '../../scripts/cluster/parts.ts'
import { locateAll } from '../../scripts/cluster/store.ts'
import { makeImage } from '../../scripts/image/image.ts'
import { revision } from '../../scripts/image/revision.ts'
import { version } from '../../src/version.ts'
import { makeCgroups, removeCgroups } from './parts/cgroups.ts'
import { installPackages } from './parts/debian.ts'
import { formerImage } from './parts/former.ts'
import { layoutOf, makeTestImages } from './parts/images.ts'
import { workVariables } from './parts/work.ts'

const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const began = performance.now()
  const made = await work()
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`)
  return made
}

/** Runs a program to its end with this process's output, and resolves with its exit code. */
const runHere = (command: string, args: readonly string[], env = process.env): Promise<number> =>
  new Promise((resolve, reject) => {
    spawn(command, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
      .on('error', reject)
      .on('close', code => resolve(code ?? 1))
  })

const provideBinaries = async (): Promise<void> => {
  const own = [kubernetes(kubernetesVersions[0]).name, 'etcd', 'kubectl', 'helm', 'kubelet', 'crane', 'kube-score']
  const names = [...own, ...monitoringParts.map(({ name }) => name)]
  const code = await runHere(process.execPath, ['scripts/cluster/binaries.ts', ...names])
  if (code !== 0) throw new Error('the binaries could not be provided')
}

const makeImages = async (folder: string): Promise<void> => {
  const store = join(storeRoot(process.env), 'image')
  const { commit, time } = await revision(process.env)
  const made = { version, created: time, revision: commit, downloads: store, compressed: store }
  await makeImage({ ...made, folder: layoutOf(folder, `receiver-hooks:${version}`) })
  await makeTestImages(folder, locateAll([...nodeParts, ...monitoringParts], process.env), store)
}

if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  console.error('test/node needs root on Linux: it makes namespaces, a bridge and control groups')
  process.exit(1)
}
const folder = await mkdtemp(join(tmpdir(), 'receiver-hooks-node-'))
const cgroup = `receiver-hooks-node-${process.pid}`
let removeFormer = async (): Promise<void> => undefined
try {
  await timed('packages', installPackages)
  await timed('binaries', provideBinaries)
  await timed('images', () => makeImages(folder))
  removeFormer = await timed('the image of before', () => formerImage(folder))
  await makeCgroups(cgroup)
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child']
  const vitest = ['node_modules/.bin/vitest', 'run', '--project', 'node', ...process.argv.slice(2)]
  const env = { ...process.env, ...workVariables({ folder, cgroup }) }
  process.exitCode = await timed('tests', () => runHere('unshare', [...namespaces, ...vitest], env))
} finally {
  await removeFormer()
  await removeCgroups(cgroup)
  await rm(folder, { recursive: true, force: true })
}
