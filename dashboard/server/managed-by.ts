import type { StoredObject } from '../../src/api/object.ts'

/**
 * Returns which GitOps tool writes an object, from the labels and annotations of known tools, or
 * undefined.
 */
export const managedBy = ({ metadata }: StoredObject): string | undefined => {
  const { annotations = {}, labels = {} } = metadata
  const flux = (tool: string, kind: string): string | undefined => {
    const name = labels[`${tool}.toolkit.fluxcd.io/name`]
    const namespace = labels[`${tool}.toolkit.fluxcd.io/namespace`] ?? ''
    return name === undefined ? undefined : `Flux (${kind} ${namespace}/${name})`
  }
  const byFlux = flux('kustomize', 'Kustomization') ?? flux('helm', 'HelmRelease')
  if (byFlux !== undefined) return byFlux
  // An example of the annotation is `shop:receiverhooks.dev/ReceiverHook:shop/web-up`. It begins
  // with the application.
  const tracked = annotations['argocd.argoproj.io/tracking-id']?.split(':', 1)[0]
  const application = tracked ?? labels['argocd.argoproj.io/instance']
  if (application !== undefined) return `Argo CD (Application ${application})`
  const release = annotations['meta.helm.sh/release-name']
  return release === undefined ? undefined : `Helm (release ${release})`
}
