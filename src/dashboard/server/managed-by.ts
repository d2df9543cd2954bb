import type { StoredObject } from '../../api/object.ts'

/** Names who else writes an object, by the marks that GitOps tools leave on it; undefined where none has. */
export const managedBy = ({ metadata }: StoredObject): string | undefined => {
  const { annotations = {}, labels = {} } = metadata
  const flux = (tool: string, kind: string): string | undefined => {
    const name = labels[`${tool}.toolkit.fluxcd.io/name`]
    const namespace = labels[`${tool}.toolkit.fluxcd.io/namespace`] ?? ''
    return name === undefined ? undefined : `Flux (${kind} ${namespace}/${name})`
  }
  const byFlux = flux('kustomize', 'Kustomization') ?? flux('helm', 'HelmRelease')
  if (byFlux !== undefined) return byFlux
  // As in `shop:receiverhooks.dev/ReceiverHook:shop/web-up`: the application comes first.
  const tracked = annotations['argocd.argoproj.io/tracking-id']?.split(':', 1)[0]
  const application = tracked ?? labels['argocd.argoproj.io/instance']
  if (application !== undefined) return `Argo CD (Application ${application})`
  const release = annotations['meta.helm.sh/release-name']
  return release === undefined ? undefined : `Helm (release ${release})`
}
