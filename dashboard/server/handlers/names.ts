import { at, isObject, stringAt } from '../../../src/api/json.ts'
import { objectNameRule } from '../../../src/api/names.ts'
import { objectPath, type ResourceType } from '../../../src/kube/paths.ts'
import { secrets, serviceAccounts } from '../../../src/kube/resources.ts'
import { ApiRefused, askList, askObject } from '../api.ts'
import { parameter, type Api, type Context } from '../context.ts'
import { maxTargets } from '../limits.ts'
import { RefusedError } from '../refused.ts'
import { listOf } from '../row.ts'

/** The kinds whose names a form offers, besides targets. */
const kinds: readonly ResourceType[] = [
  secrets,
  serviceAccounts,
  { group: '', version: 'v1', resource: 'services', kind: 'Service' },
  { group: 'batch', version: 'v1', resource: 'cronjobs', kind: 'CronJob' },
]

export const nameRoutes = (router: Api, { sessionOf }: Context): void => {
  // Returns the names of a kind in a namespace. With `of`, returns the keys of this Secret or the ports of this
  // Service. Nothing of a Secret but its keys is in an answer. Empty if the user may not look.
  router.get('/namespaces/:namespace/names', async (request, response) => {
    const { namespace } = request.params
    const type = kinds.find(({ kind }) => kind === parameter(request.query, 'kind'))
    const of = parameter(request.query, 'of')
    if (type === undefined || (of !== '' && !objectNameRule.holds(of))) {
      throw new RefusedError(400, 'BadRequest', 'kind and of must be something that the form offers')
    }
    const { api } = sessionOf(request)
    const read = async (): Promise<readonly string[]> => {
      if (of !== '') return partsOf(await askObject(api, { method: 'GET', path: objectPath(type, namespace, of) }))
      const names: string[] = []
      for await (const { metadata } of askList(api, type, namespace, { as: 'metadata list' })) {
        names.push(metadata.name)
        if (names.length >= maxTargets) break
      }
      return names
    }
    try {
      response.json(await read())
    } catch (error) {
      if (!(error instanceof ApiRefused) || (error.status !== 403 && error.status !== 404)) throw error
      response.json([])
    }
  })
}

/** Returns the keys of a Secret, or the ports of a Service by name or number. */
const partsOf = (object: unknown): readonly string[] => {
  const data = at(object, 'data')
  if (isObject(data)) return Object.keys(data)
  return listOf(at(object, 'spec', 'ports')).map(port => stringAt(port, 'name') ?? String(at(port, 'port')))
}
