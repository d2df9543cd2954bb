import type { RequestHandler } from 'express'
import { jsonOf, type Api } from '../load/api.ts'
import { patch } from '../load/patch.ts'
import { patchCount, readVersion, writeCount, type Version } from '../load/write.ts'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion } from '../../src/api/names.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { hooks, records } from '../../src/kube/resources.ts'

/** What is written, as the parameters of a path name it. */
interface Target {
  readonly namespace: string
  readonly name: string
}

export const deploymentResource: ResourceType = {
  group: 'apps',
  version: 'v1',
  resource: 'deployments',
  kind: 'Deployment',
}

/** Adds one to the count of a target: to its /scale, or to a member of its spec. Reads it again after a conflict. */
export const stepOf = (api: Api, type: ResourceType, member?: string): RequestHandler<Target> => {
  const remembered = new Map<string, Version>()
  return async ({ params: { name, namespace } }, response) => {
    const target = objectPath(type, namespace, name)
    for (let known = remembered.get(target); ; known = undefined) {
      const from = known ?? (await readVersion(api, target, member))
      const count = from.count + 1
      const answer = await (member === undefined
        ? writeCount(api, target, from, count)
        : patchCount(api, target, from, member, count))
      if (answer.status === 409) continue
      const resourceVersion = stringAt(jsonOf(answer), 'metadata', 'resourceVersion') ?? ''
      remembered.set(target, { uid: from.uid, resourceVersion, count })
      response.status(answer.status).json({ outcome: 'applied', from: from.count, to: count })
      return
    }
  }
}

/**
 * Replaces a record by one of this many characters, in which the body stands, if there is one. Reads the record's version
 * again after a conflict.
 */
export const claimOf = (api: Api, size: number): RequestHandler<Target> => {
  const versions = new Map<string, string>()
  return async ({ body: posted, params: { name, namespace } }, _response, next) => {
    const path = objectPath(records, namespace, name)
    const content = (JSON.stringify(posted) ?? '').slice(0, size).padEnd(size)
    for (;;) {
      const known = versions.get(name)
      const metadata = { name, namespace, ...(known !== undefined && { resourceVersion: known }) }
      const body = JSON.stringify({ apiVersion, kind: records.kind, metadata, content })
      const sent = { body, metadataOnly: true, also: [409] }
      const answer = await (known === undefined
        ? api.send('POST', collectionPath(records, namespace), sent)
        : api.send('PUT', path, sent))
      const isStored = answer.status !== 409
      const latest = isStored ? answer : await api.send('GET', path, { metadataOnly: true })
      versions.set(name, stringAt(jsonOf(latest), 'metadata', 'resourceVersion') ?? '')
      if (isStored) break
    }
    next()
  }
}

/** Reads a hook. */
export const readHookOf =
  (api: Api): RequestHandler<Target & { readonly hook: string }> =>
  async ({ params: { hook, namespace } }, _response, next) => {
    await api.send('GET', objectPath(hooks, namespace, hook))
    next()
  }

/** How many Deployments of a set are written at a time: as many as the product writes. */
const atOnce = 16

/** Writes the image of the body into all Deployments whose label `set` is the name. There are 250 at most. */
export const rollOutOf =
  (api: Api): RequestHandler<Target> =>
  async ({ body: posted, params: { name, namespace } }, response) => {
    const collection = collectionPath(deploymentResource, namespace)
    const list = jsonOf(await api.send('GET', `${collection}?limit=250&labelSelector=set%3D${name}`))
    const items = at(list, 'items')
    const targets = (Array.isArray(items) ? items : []).map(
      item => `${collection}/${stringAt(item, 'metadata', 'name') ?? ''}`,
    )
    const value = stringAt(posted, 'image')
    const body = JSON.stringify([{ op: 'replace', path: '/spec/template/spec/containers/0/image', value }])
    await patch(api, { job: 'patch', targets, body, concurrency: atOnce })
    response.json({ outcome: 'applied', workloads: targets.length })
  }
