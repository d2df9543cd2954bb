import type { Acts } from '../../src/acts/acts.ts'
import { isObject, parseJson, stringAt, type JsonObject } from '../../src/api/json.ts'
import { patched } from '../../apiserver/patch.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { listAt } from '../deploy/manifests.ts'
import { annotation, path, workloads } from './rollout-server.ts'

/** A flaw that the product does not have, and that these histories have to find. */
export const mistakes = [
  'no evidence',
  'no version',
  'no order',
  'whole objects instead of patches',
  'random names',
  'done before the work',
  'blind to rollbacks',
] as const
export type Mistake = 'none' | (typeof mistakes)[number]

/** Hides what earlier writes have left behind. */
const blind = (api: ApiConnection): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: async request => {
    const answer = await api.request(request)
    return { ...answer, body: answer.body.replaceAll(annotation, 'hidden/app') }
  },
})

/** Hides when the newest push of a workload was made. */
const timeless = (api: ApiConnection): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: async request => {
    const answer = await api.request(request)
    return { ...answer, body: answer.body.replaceAll(new RegExp(`("${annotation}":")\\d+ `, 'g'), '$10 ') }
  },
})

/** Hides who has written what. */
const ownerless = (api: ApiConnection): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: async request => {
    const answer = await api.request(request)
    return { ...answer, body: answer.body.replaceAll('"managedFields"', '"hidden"') }
  },
})

/** Writes a workload as it was read, with what is new: what others have changed since is lost. */
const overwriting = (api: ApiConnection): ApiConnection => {
  const seen = new Map<string, JsonObject>()
  const see = (object: unknown): void => {
    const name = stringAt(object, 'metadata', 'name')
    if (isObject(object) && name !== undefined) seen.set(`${path}/${name}`, object)
  }
  return {
    watch: (request, stop) => api.watch(request, stop),
    request: async request => {
      const before = seen.get(request.path)
      if (request.method === 'PATCH' && before) {
        const now = patched(before, request.contentType ?? '', request.body ?? '', false)
        const body = JSON.stringify({
          ...now,
          metadata: { ...(isObject(now['metadata']) && now['metadata']), resourceVersion: undefined },
        })
        return await api.request({ ...request, method: 'PUT', contentType: 'application/json', body })
      }
      const answer = await api.request(request)
      const found = parseJson(answer.body)
      if (request.path === path) listAt(found, 'items').forEach(see)
      if (request.path.startsWith(`${path}/`)) see(found)
      return answer
    },
  }
}

/** Does the work of acts in a wrong way. */
export const spoiled = (acts: Acts, mistake: Mistake, random: () => string): Acts => {
  switch (mistake) {
    case 'random names':
      return {
        ...acts,
        once: (work, how) =>
          acts.once((act, mayContinue, progress) => work({ ...act, id: random() }, mayContinue, progress), how),
      }
    case 'done before the work':
      return {
        ...acts,
        once: (work, how) =>
          acts.once((act, mayContinue, progress) => {
            // What fails at first is left, because nobody waits for it.
            let asked = 0
            const triesOnce = async (): Promise<boolean> => asked++ < 2 * workloads.length && (await mayContinue())
            void work(act, triesOnce, progress)
            return Promise.resolve({
              worked: 'done',
              outcome: { outcome: 'applied', reason: 'RolledOut', summary: '', changes: [] },
            })
          }, how),
      }
    case 'none':
    case 'no evidence':
    case 'no order':
    case 'no version':
    case 'whole objects instead of patches':
    case 'blind to rollbacks':
      return acts
  }
}

/** Leaves out of which version of an object a patch was made. */
const careless = (api: ApiConnection): ApiConnection => ({
  watch: (request, stop) => api.watch(request, stop),
  request: request => {
    const patch = request.method === 'PATCH' ? parseJson(request.body ?? '') : undefined
    if (!Array.isArray(patch)) return api.request(request)
    const body = patch.filter(operation => stringAt(operation, 'path') !== '/metadata/resourceVersion')
    return api.request({ ...request, body: JSON.stringify(body) })
  },
})

export const wrongConnections: Partial<Record<Mistake, (api: ApiConnection) => ApiConnection>> = {
  'no evidence': blind,
  'no order': timeless,
  'no version': careless,
  'whole objects instead of patches': overwriting,
  'blind to rollbacks': ownerless,
}
