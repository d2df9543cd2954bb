import { group } from '../api/names.ts'
import { ApiError } from './errors.ts'
import type { ResourceType } from './paths.ts'

/**
 * Returns one sentence that says what a person must do so that objects of a type can be listed and
 * watched. Returns undefined if the error may resolve by itself.
 */
export const remedyOf = (error: unknown, type: ResourceType, namespace?: string): string | undefined => {
  if (!(error instanceof ApiError)) return undefined
  const where = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`
  switch (error.status) {
    case 404:
      return type.group === group
        ? `the API server does not know ${type.resource}.${type.group}: install the CustomResourceDefinitions and the admission policies with kubectl apply -k deploy/kustomize/cluster`
        : `the API server does not know ${type.resource}.${type.group}/${type.version}: it has to serve that version`
    case 403:
      return `this process may not list ${type.resource} ${where}: give its account the roles of the installation (${error.message})`
    case 401:
      return `the API server does not accept the credentials of this process: renew the kubeconfig, or the account's token`
    default:
      return undefined
  }
}
