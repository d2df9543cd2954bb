import { at, parseJson, stringAt } from '../../src/api/json.ts'
import type { ApiRequest, ApiResponse } from '../../src/environment/environment.ts'

/**
 * Answers an access review as an API server with RBAC does; undefined for any other request. `isAllowed` gets what is asked for, as
 * in `patch deployments.apps/scale`, and the name of the one object that is meant, or nothing.
 */
export const reviewed = (
  { body, path }: ApiRequest,
  isAllowed: (what: string, name: string) => boolean,
): ApiResponse | undefined => {
  if (!path.endsWith('accessreviews')) return undefined
  const asked = at(parseJson(body ?? ''), 'spec', 'resourceAttributes')
  const [group, name, resource, subresource, verb] = ['group', 'name', 'resource', 'subresource', 'verb'].map(
    member => stringAt(asked, member) ?? '',
  )
  const what = `${verb} ${resource}${group === '' ? '' : `.${group}`}${subresource === '' ? '' : `/${subresource}`}`
  const status = { allowed: isAllowed(what, name ?? '') }
  return { status: 201, headers: {}, body: JSON.stringify({ status }) }
}
