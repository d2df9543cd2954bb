import { clusterParts, kubernetesVersion } from '../../../scripts/cluster/parts.ts'
import { locateAll } from '../../../scripts/cluster/store.ts'
import { send } from '../../../src/kube/requests.ts'
import type { ControlPlane } from './control-plane.ts'

/**
 * Lets Deployments have pods: runs the controllers, the scheduler and, in place of nodes, kwok.
 * kwok reports the pods of its one node as Ready. They end with the control plane. `flags` are further ones of the
 * controllers.
 */
export const startWorkloads = async (controlPlane: ControlPlane, flags: readonly string[] = []): Promise<void> => {
  const { api, kubeconfig, run } = controlPlane
  const stages = locateAll(clusterParts(kubernetesVersion(process.env)), process.env)['kwok-stages.yaml']
  const alone = [`--kubeconfig=${kubeconfig}`, '--leader-elect=false', '--secure-port=0']
  // By default they throttle themselves.
  const quick = ['--kube-api-qps=500', '--kube-api-burst=1000']
  // A machine that is busy keeps kwok from reporting its node. No test is about a node that goes away, so it stays for as long as they run.
  const patient = '--node-monitor-grace-period=1h'
  await run('kube-controller-manager', [...alone, ...quick, patient, ...flags])
  await run('kube-scheduler', [...alone, ...quick])
  await run('kwok', [`--kubeconfig=${kubeconfig}`, `--config=${stages}`, '--manage-all-nodes=true'])
  await send(api, { method: 'POST', path: '/api/v1/nodes', body: JSON.stringify(node) })
}

const room = { cpu: '64', memory: '256Gi', pods: '500' }

const node = { metadata: { name: 'kwok' }, status: { allocatable: room, capacity: room } }
