import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { clusterDomain, nodeAddress, nodeName } from './address.ts'

/** Writes kubelet's configuration, and answers the flags that it is started with. */
export const kubeletFlags = async (
  folder: string,
  kubeconfig: string,
  runtimeSocket: string,
  cgroup: string,
): Promise<readonly string[]> => {
  const config = join(folder, 'kubelet.yaml')
  const full = '1%'
  await writeFile(
    config,
    stringify({
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      failCgroupV1: false,
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${cgroup}`,
      containerRuntimeEndpoint: `unix://${runtimeSocket}`,
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: 'AlwaysAllow' },
      failSwapOn: false,
      oomScoreAdj: 0,
      // The machine's disk and memory are others' as well: nothing is to be evicted for their sake.
      evictionHard: {
        'memory.available': '1Mi',
        'nodefs.available': full,
        'imagefs.available': full,
        'nodefs.inodesFree': full,
      },
      imageGCHighThresholdPercent: 100,
      clusterDomain,
      clusterDNS: [nodeAddress],
      resolvConf: '',
      podLogsDir: join(folder, 'pod-logs'),
    }),
  )
  return [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${join(folder, 'kubelet')}`,
    `--cert-dir=${join(folder, 'kubelet-certificates')}`,
    `--node-ip=${nodeAddress}`,
    `--hostname-override=${nodeName}`,
  ]
}

/** Writes kube-proxy's configuration, and answers the flags that it is started with. */
export const kubeProxyFlags = async (folder: string, kubeconfig: string): Promise<readonly string[]> => {
  const config = join(folder, 'kube-proxy.yaml')
  await writeFile(
    config,
    stringify({
      apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
      kind: 'KubeProxyConfiguration',
      mode: 'iptables',
      clientConnection: { kubeconfig },
      hostnameOverride: nodeName,
      // These are the machine's, and not for a node in namespaces to set.
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    }),
  )
  return [`--config=${config}`]
}
