import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { kubeScore } from '../../scripts/cluster/parts.ts'
import { locateAll } from '../../scripts/cluster/store.ts'
import { shell, succeed } from './support.ts'

/** What kube-score finds and is meant to be so, each with its reason. */
const accepted: Readonly<Record<string, string>> = {
  'ImagePullPolicy is not set to Always': 'a tag or a digest is fixed: a node needs no registry to start a pod again',
  'CPU limit is not set': 'to be throttled is to lose alerts',
  'Ephemeral Storage limit is not set': 'the kubelet counts logs against it, and would evict the pod',
  'The container is running with a low user ID':
    'the image says 65532; a number here is refused where a cluster chooses one',
  'The container running with a low group ID': 'the same',
  'Deployment does not have a host podAntiAffinity set':
    'the spread over hosts does that, and gives way on a small cluster',
  'Deployment few replicas': 'the overlay single is one pod, for clusters that have room for no more',
  'The pod does not have a matching NetworkPolicy': 'in the component network-policy: not every cluster enforces one',
}

/** What it finds in the dashboard's Deployment besides. */
const acceptedOfDashboard: Readonly<Record<string, string>> = {
  'receiver-hooks-dashboard/receiver-hooks apps/v1/Deployment: Deployment update strategy':
    'sessions are in the memory of one pod: two at once would each know half of them',
  'receiver-hooks-dashboard/receiver-hooks apps/v1/Deployment: Container has the same readiness and liveness probe':
    'the page answers no name but its own, so both ask whether the port is open',
}

/** Returns what kube-score finds in manifests, but for what is meant to be so. */
const findings = async (yaml: string, known: Readonly<Record<string, string>>): Promise<readonly string[]> => {
  const { 'kube-score': program = 'kube-score' } = locateAll([kubeScore], process.env)
  const { stdout } = await shell(`${program} score --output-format ci -`, { stdin: yaml })
  const lines = stdout.split('\n').filter(line => /^\[(OK|CRITICAL|WARNING|SKIPPED)\]/.test(line))
  expect(lines.length).toBeGreaterThan(20)
  const found = lines.filter(line => /^\[(CRITICAL|WARNING)\]/.test(line))
  return found.filter(line => !Object.keys(known).some(end => line.endsWith(end)))
}

it.each(['base', 'overlays/single', 'overlays/ha', 'overlays/namespaced'])(
  'kube-score finds nothing in %s but what is meant to be so',
  async folder => {
    expect(await findings(await succeed(`kubectl kustomize deploy/kustomize/${folder}`), accepted)).toEqual([])
  },
)

it('kube-score finds nothing in the base with every way in and the dashboard but what is meant to be so', async () => {
  const folder = await mkdtemp(join(process.cwd(), 'node_modules/.cache-overlay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const deploy = '../../deploy/kustomize'
  const components = ['dashboard', 'network-policy', 'ingress', 'http-route', 'pod-monitor', 'prometheus-rule']
  const kustomization = {
    resources: [`${deploy}/base`],
    components: components.map(name => `${deploy}/components/${name}`),
  }
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization))
  const yaml = await succeed(`kubectl kustomize ${folder}`)
  const { 'The pod does not have a matching NetworkPolicy': _, ...known } = accepted
  expect(await findings(yaml, { ...known, ...acceptedOfDashboard })).toEqual([])
})
