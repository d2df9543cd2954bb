import { at, isObject, listAt, parseJson, stringAt, type JsonObject } from '../../../src/api/json.ts'
import { apiVersion, hookKind } from '../../../src/api/names.ts'
import { annotationPrefix } from '../../../src/drivers/rollouts/plan.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { deploymentsPath } from './paths.ts'

/** The Deployment that is rolled out, of which no hook changes the count; and its repository. */
export const site = 'site'
export const siteRepository = 'acme/site'

/** The hooks that act on it. Two are sent the pushes, as by a registry and by a pipeline. */
export const pushHooks = ['push-0', 'push-1'] as const
export const restartHook = 'restart-0'
export const sitePath = `${deploymentsPath}/${site}`

/** A tag that is higher than that of every push before. */
export const tagOf = (push: number): string => `1.0.${push}`

const target = { kind: 'Deployment', name: site }

export const siteHooks = [
  ...pushHooks.map(name => ({ name, driver: 'redeploy', redeploy: { target, tags: { semver: '*' } } })),
  { name: restartHook, driver: 'restart', restart: { target } },
].map(({ name, ...spec }) => ({ apiVersion, kind: hookKind, metadata: { name }, spec }))

export const siteObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: site },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: site } },
    template: {
      metadata: { labels: { app: site } },
      spec: { containers: [{ name: 'web', image: `${siteRepository}:${tagOf(0)}` }] },
    },
  },
}

/** What its pods are started from, as a text: equal for two versions of the Deployment of which the second starts none. */
export const templateOf = (object: unknown): string => JSON.stringify(at(object, 'spec', 'template'))

/** The tag of an image, as a number that rises with each push. */
export const pushIn = (object: unknown): number => {
  const [container] = listAt(object, 'spec', 'template', 'spec', 'containers')
  return Number(stringAt(container, 'image')?.split('.').at(-1))
}

/** What says that all pods of a template are there. */
export const throughWith = (template: string): string => `${site} runs ${template}`

/** The controller of Deployments, at its own pace: the conditions are of the rollout before until the new pods have come. */
export const rollSiteOut = (server: SimulatedServer) => {
  let template = ''
  let updated = 0
  return ({ did, rng }: Actor): void => {
    const object = parseJson(server.send('GET', sitePath).body)
    const wanted = Number(at(object, 'spec', 'replicas'))
    const present = templateOf(object)
    if (present !== template) updated = 0
    else if (updated < wanted && rng.chance(0.8)) updated += 1
    template = present
    const isThrough = updated === wanted
    // The first status of a rollout has the condition of the one before.
    const conditions = [{ type: 'Progressing', reason: isThrough ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated' }]
    const status = {
      observedGeneration: at(object, 'metadata', 'generation'),
      replicas: wanted,
      updatedReplicas: updated,
      availableReplicas: updated,
      ...(updated > 0 && { conditions }),
    }
    server.send('PATCH', `${sitePath}/status`, { status })
    if (isThrough) did(throughWith(present))
  }
}

/**
 * People roll the Deployment back. That also restores the annotations of the Deployment. The API server in memory does not keep who
 * owns them, by which the product would see it: so a push that was taken back may be rolled out once more in here.
 */
export const rollBack = (server: SimulatedServer) => {
  const revisions: { readonly template: JsonObject; readonly notes: JsonObject }[] = []
  server.onStored(({ deleted, object, resource }) => {
    const template = at(object, 'spec', 'template')
    if (resource !== 'deployments' || object.metadata.name !== site || deleted || !isObject(template)) return
    if (JSON.stringify(revisions.at(-1)?.template) === JSON.stringify(template)) return
    revisions.push({ template, notes: notesIn(at(object, 'metadata', 'annotations')) })
  })
  return ({ did }: Actor): void => {
    const [before, now] = revisions.slice(-2)
    if (!before || !now) return
    // A merge patch removes what is null.
    const annotations = { ...nulls(now.notes), ...before.notes }
    const podNotes = { ...nulls(podNotesOf(now.template)), ...podNotesOf(before.template) }
    const template = { ...before.template, metadata: { ...metadataOf(before.template), annotations: podNotes } }
    did(`rolls ${site} back to ${tagOf(pushIn({ spec: { template: before.template } }))}`)
    server.send('PATCH', sitePath, { metadata: { annotations }, spec: { template } })
  }
}

/** People change what is none of the product's business, and move the version. */
export const editSite =
  (server: SimulatedServer) =>
  ({ did, rng }: Actor): void => {
    const edit = rng.chance(0.5)
      ? { metadata: { labels: { edited: String(rng.int(0, 9)) } } }
      : { spec: { replicas: rng.int(1, 4) } }
    did(`edits ${site} ${JSON.stringify(edit)}`)
    server.send('PATCH', sitePath, edit)
  }

const metadataOf = (template: unknown): JsonObject => {
  const metadata = at(template, 'metadata')
  return isObject(metadata) ? metadata : {}
}

const podNotesOf = (template: unknown): JsonObject => notesIn(metadataOf(template)['annotations'])

const notesIn = (annotations: unknown): JsonObject =>
  Object.fromEntries(
    Object.entries(isObject(annotations) ? annotations : {}).filter(([name]) => name.startsWith(annotationPrefix)),
  )

const nulls = (notes: JsonObject): JsonObject => Object.fromEntries(Object.keys(notes).map(name => [name, null]))
