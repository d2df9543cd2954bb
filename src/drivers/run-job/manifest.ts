import { checkedMilliseconds } from '../../api/duration.ts'
import { at, isObject, listAt, objectAt, textsAt, type JsonObject } from '../../api/json.ts'
import type { KubeObject, StoredObject } from '../../api/object.ts'
import { apiVersionOf } from '../../kube/paths.ts'
import type { PostText } from './input.ts'
import { cronJobType, deliveryAnnotation, hookLabel, jobNameOf, jobType, severalPodsLabel } from './jobs.ts'
import type { RunJob } from './schema.ts'

/** The folder in which a container finds the file with the body, and the volume that has it. */
const folder = '/var/run/receiver-hook'
const volume = 'receiver-hook'

/** What a Job is made from. */
export interface JobOf {
  readonly cronJob: StoredObject
  readonly member: Pick<RunJob, 'env' | 'ttl'>
  readonly hook: { readonly name: string; readonly uid: string }
  readonly actId: string
  readonly inputs: readonly PostText[]
}

/**
 * Makes the Job of an act, as `kubectl create job --from` does. Nothing of the post is in the value of a
 * variable, because Kubernetes expands `$(NAME)` there, also for a variable that has a Secret.
 *
 * The CronJob is a plain owner, and not the Job's controller. Otherwise its history limit would
 * delete the Job, which is the evidence of the act.
 */
export const jobOf = ({ actId, cronJob, hook, inputs, member }: JobOf): KubeObject => {
  const { name, namespace, uid } = cronJob.metadata
  const template = objectAt(cronJob, 'spec', 'jobTemplate')
  const spec = objectAt(template, 'spec')
  const pods = objectAt(spec, 'template')
  return {
    apiVersion: apiVersionOf(jobType),
    kind: jobType.kind,
    metadata: {
      name: jobNameOf(hook.name, actId),
      ...(namespace !== undefined && { namespace }),
      labels: {
        ...textsAt(template, 'metadata', 'labels'),
        [hookLabel]: hook.uid,
        ...(hasSeveralPods(spec) && { [severalPodsLabel]: 'true' }),
      },
      annotations: {
        ...textsAt(template, 'metadata', 'annotations'),
        'cronjob.kubernetes.io/instantiate': 'manual',
        [deliveryAnnotation]: actId,
      },
      ownerReferences: [{ apiVersion: apiVersionOf(cronJobType), kind: cronJobType.kind, name, uid }],
    },
    spec: {
      ...spec,
      ttlSecondsAfterFinished: Math.ceil(checkedMilliseconds(member.ttl) / 1000),
      template: {
        ...pods,
        metadata: {
          ...objectAt(pods, 'metadata'),
          annotations: {
            ...textsAt(pods, 'metadata', 'annotations'),
            ...Object.fromEntries(inputs.map(({ annotation, text }) => [annotation, text])),
          },
        },
        spec: podSpecOf(objectAt(pods, 'spec'), member.env ?? [], inputs),
      },
    },
  }
}

const hasSeveralPods = ({ completions, parallelism }: JsonObject): boolean =>
  Number(completions ?? 1) > 1 || Number(parallelism ?? 1) > 1

type Variable = NonNullable<RunJob['env']>[number]

const podSpecOf = (spec: JsonObject, env: readonly Variable[], inputs: readonly PostText[]): JsonObject => {
  const file = inputs.find(({ as }) => as === 'file')
  const changed = (member: string): JsonObject => {
    const list = spec[member]
    if (!Array.isArray(list)) return {}
    const containers = list.map((each: unknown) =>
      isObject(each) ? { ...each, env: variablesOf(each, env, inputs), ...(file && mountsOf(each)) } : each,
    )
    return { [member]: containers }
  }
  return {
    ...spec,
    ...changed('containers'),
    ...changed('initContainers'),
    ...(file && { volumes: volumesOf(spec, file) }),
  }
}

/**
 * Returns the variables of a container. Those of the post are first, so that others can refer to them.
 * Then come the CronJob's own, with the hook's in place of those with the same name, and the rest.
 */
const variablesOf = (
  container: JsonObject,
  env: readonly Variable[],
  inputs: readonly PostText[],
): readonly unknown[] => {
  const ofPost = inputs.flatMap(({ annotation, as }) =>
    as === 'file' ? [] : [{ name: as.variable, valueFrom: { fieldRef: fieldRefOf(annotation) } }],
  )
  const fromPost = new Set(ofPost.map(({ name }) => name))
  const ofHook = new Map(env.map(variable => [variable.name, variable]))
  const added = new Map(ofHook)
  const own = listAt(container, 'env').flatMap((each): unknown[] => {
    const name = at(each, 'name')
    if (typeof name !== 'string') return [each]
    if (fromPost.has(name)) return []
    added.delete(name)
    // A CronJob may have a name several times. The last one counts, so each of them is replaced.
    return [ofHook.get(name) ?? each]
  })
  return [...ofPost, ...own, ...added.values()]
}

const fieldRefOf = (annotation: string): JsonObject => ({
  apiVersion: 'v1',
  fieldPath: `metadata.annotations['${annotation}']`,
})

const mountsOf = (container: JsonObject): JsonObject => {
  const others = listAt(container, 'volumeMounts').filter(
    each => at(each, 'mountPath') !== folder && at(each, 'name') !== volume,
  )
  return { volumeMounts: [...others, { name: volume, mountPath: folder, readOnly: true }] }
}

const volumesOf = (spec: JsonObject, { annotation }: PostText): readonly unknown[] => [
  ...listAt(spec, 'volumes').filter(each => at(each, 'name') !== volume),
  { name: volume, downwardAPI: { items: [{ path: 'body', fieldRef: fieldRefOf(annotation) }] } },
]
