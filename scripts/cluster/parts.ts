import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The Kubernetes versions that the product is tested on, newest first. */
const kubernetesVersions = ['1.36', '1.34'] as const

export type KubernetesVersion = (typeof kubernetesVersions)[number]

/** What one Go module of `modules/` pins: the files that are made from it, and how. */
export interface Part {
  /** Its folder in `modules/`. */
  readonly name: string
  /** The module that everything in here comes from. */
  readonly module: string
  /** Each binary's name, and the package that it is built from. */
  readonly commands: Readonly<Record<string, string>>
  /** A file of this name is put together from YAML files of the module's source. */
  readonly manifests?: { readonly name: string; readonly files: readonly string[] }
  /** A file that a package embeds and its module does not carry, by its path. */
  readonly missing?: Readonly<Record<string, string>>
}

const kubernetes = (version: KubernetesVersion): Part => ({
  name: `kubernetes-${version}`,
  module: 'k8s.io/kubernetes',
  commands: {
    'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  },
})

const etcd: Part = {
  name: 'etcd',
  module: 'go.etcd.io/etcd/server/v3',
  // Its main package is the module's root.
  commands: { etcd: 'go.etcd.io/etcd/server/v3' },
}

/** Plays the kubelets: pods of its nodes become Ready, and nothing runs. */
const kwok: Part = {
  name: 'kwok',
  module: 'sigs.k8s.io/kwok',
  commands: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
  // It does nothing without stages: these say what becomes of nodes and pods.
  manifests: {
    name: 'kwok-stages.yaml',
    files: [
      'kustomize/stage/node/fast/node-initialize.yaml',
      'kustomize/stage/node/heartbeat/node-heartbeat.yaml',
      'kustomize/stage/pod/fast/pod-ready.yaml',
      'kustomize/stage/pod/fast/pod-complete.yaml',
      'kustomize/stage/pod/fast/pod-delete.yaml',
    ],
  },
}

const prometheus: Part = {
  name: 'prometheus',
  module: 'github.com/prometheus/prometheus',
  commands: { prometheus: 'github.com/prometheus/prometheus/cmd/prometheus' },
}

const alertmanager: Part = {
  name: 'alertmanager',
  module: 'github.com/prometheus/alertmanager',
  commands: { alertmanager: 'github.com/prometheus/alertmanager/cmd/alertmanager' },
  missing: { 'github.com/prometheus/alertmanager/ui/app/dist/index.html': '<title>Alertmanager</title>\n' },
}

export const parts: readonly Part[] = [...kubernetesVersions.map(kubernetes), etcd, kwok, prometheus, alertmanager]

/** What a cluster of this version is made of. */
export const clusterParts = (version: KubernetesVersion): readonly Part[] => [kubernetes(version), etcd, kwok]

/** The version of KUBERNETES_VERSION, or the newest. Throws where that names no version that is tested. */
export const kubernetesVersion = (env: Readonly<Record<string, string | undefined>>): KubernetesVersion => {
  const wanted = env['KUBERNETES_VERSION'] ?? ''
  if (wanted === '') return kubernetesVersions[0]
  const version = kubernetesVersions.find(known => known === wanted)
  if (version === undefined) {
    throw new Error(`KUBERNETES_VERSION must be one of ${kubernetesVersions.join(', ')}, and is ${wanted}`)
  }
  return version
}

/** The files that a part provides. */
export const filesOf = ({ commands, manifests }: Part): readonly string[] => [
  ...Object.keys(commands),
  ...(manifests ? [manifests.name] : []),
]

/** The folder with a part's go.mod and go.sum. */
export const sourceFolder = ({ name }: Part): string => join(import.meta.dirname, 'modules', name)

/** The version that a part's go.mod pins, as in 1.36.3. */
export const versionOf = (part: Part): string => {
  const file = join(sourceFolder(part), 'go.mod')
  const words = readFileSync(file, 'utf8').split(/\s+/)
  const version = words[words.indexOf(part.module) + 1]
  if (!version?.startsWith('v')) throw new Error(`${file} must require ${part.module} at a version`)
  return version.slice(1)
}
