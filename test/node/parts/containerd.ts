import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { podRange, registryAddress } from './address.ts'

/** Where what a container runtime needs was written. */
export interface Runtime {
  readonly config: string
  readonly socket: string
}

/** The registry in which Prometheus' images are named. */
export const quay = 'quay.io'

/** Where the image is that holds a pod's namespaces. */
export const pauseImage = 'pause:1'

/** Returns where containerd takes commands, in the folder of a run. */
export const socketIn = (folder: string): string => join(folder, 'containerd.sock')

/**
 * Writes the configuration of containerd: images of no registry, as in `receiver-hooks:0.1.0`, and those of quay.io come
 * from the registry on loopback, and pods are joined by a bridge.
 */
export const configureContainerd = async (folder: string): Promise<Runtime> => {
  const [hosts, network] = [join(folder, 'hosts'), join(folder, 'network')]
  await mkdir(network, { recursive: true })
  for (const registry of ['docker.io', quay]) {
    await mkdir(join(hosts, registry), { recursive: true })
    await writeFile(
      join(hosts, registry, 'hosts.toml'),
      `server = "http://${registryAddress}"\n[host."http://${registryAddress}"]\n  capabilities = ["pull", "resolve"]\n`,
    )
  }
  await writeFile(join(network, '10-pods.conflist'), JSON.stringify(podNetwork(folder)))
  const [config, socket] = [join(folder, 'containerd.toml'), socketIn(folder)]
  await writeFile(config, containerdConfig(folder, socket, hosts, network))
  return { config, socket }
}

const podNetwork = (folder: string): object => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'pods0',
      isDefaultGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: podRange }]], dataDir: join(folder, 'addresses') },
    },
  ],
})

const containerdConfig = (folder: string, socket: string, hosts: string, network: string): string => `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/${pauseImage}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${hosts}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${network}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "runc"
        SystemdCgroup = false
`
