/** A kind that a driver can change, with the names that people use. */
interface KnownKind {
  readonly kind: string
  readonly apiVersion: string
  /**
   * The words that people may write for the kind, in lower case: the kind, its plural, its short
   * names.
   */
  readonly words: readonly string[]
}

const known = (apiVersion: string, kind: string, ...shorts: readonly string[]): KnownKind => {
  const word = kind.toLowerCase()
  return { kind, apiVersion, words: [word, `${word}s`, ...shorts] }
}

/**
 * The kinds that drivers can change. If two groups have a kind of one name, the first group is the
 * default. A test compares this list with the drivers.
 */
const kinds: readonly KnownKind[] = [
  known('apps/v1', 'Deployment', 'deploy'),
  known('apps/v1', 'StatefulSet', 'sts'),
  known('apps/v1', 'DaemonSet', 'ds'),
  known('apps/v1', 'ReplicaSet', 'rs'),
  known('batch/v1', 'CronJob', 'cj'),
  known('v1', 'ReplicationController', 'rc'),
  known('autoscaling/v2', 'HorizontalPodAutoscaler', 'hpa'),
  known('keda.sh/v1alpha1', 'ScaledObject', 'so'),
  known('argoproj.io/v1alpha1', 'Rollout', 'ro'),
  known('argoproj.io/v1alpha1', 'Application', 'app'),
  known('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'ks'),
  known('helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'hr'),
  known('cluster.x-k8s.io/v1beta2', 'MachineDeployment', 'md'),
  known('cluster.x-k8s.io/v1beta2', 'MachineSet', 'ms'),
  known('cluster.x-k8s.io/v1beta2', 'MachinePool', 'mp'),
  known('cluster.x-k8s.io/v1beta2', 'Cluster', 'cl'),
  known('provisioning.cattle.io/v1', 'Cluster'),
]

/**
 * Returns the kind for a word such as `hpa`, `HorizontalPodAutoscaler` or
 * `horizontalpodautoscalers.autoscaling`. Returns undefined for another word.
 */
export const kindNamed = (word: string): KnownKind | undefined => {
  const [name = '', ...rest] = word.toLowerCase().split('.')
  const group = rest.join('.')
  return kinds.find(
    ({ apiVersion, words }) => words.includes(name) && (group === '' || apiVersion.startsWith(`${group}/`)),
  )
}
