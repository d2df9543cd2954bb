import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import type { ApiConnection } from '../../src/environment/environment.ts'
import { connect, nodeClock } from '../../src/environment/node.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { wait } from '../../src/environment/wait.ts'
import { loadAccess } from '../../src/kube/access.ts'
import { collectionPath, objectPath, type ResourceType } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { autoscalers, hooks } from '../../src/kube/resources.ts'
import { markAnnotation } from '../../src/steps/target/via-object.ts'
import { look, make } from '../support/counted.ts'
import { cluster, post, product, until, type Cluster, type Posted } from '../support/product.ts'
import { countedKinds, countIn, defineCounted, type CountedKind } from './counted.ts'
import { connectionFor, installation, rightsOfBase } from './installation.ts'

beforeAll(async () => {
  const api = connect(await loadAccess({ kubeconfig: inject('kubeconfig'), env: {} }))
  try {
    await defineCounted(api)
  } finally {
    await api.close()
  }
})

/** Returns a connection on which every fifth write takes effect and its answer is lost. */
const losing = (api: ApiConnection): ApiConnection => {
  let writes = 0
  return {
    ...api,
    request: async request => {
      const answer = await api.request(request)
      if (request.method !== 'PATCH' || request.path.includes('receiverhookrecords')) return answer
      writes += 1
      if (writes % 5 === 0) throw new Unreachable('the connection broke', true)
      return answer
    },
  }
}

/** Returns two triggers and a controller with the rights of the components and no other, under the policies. */
const installed = async ({ rights }: CountedKind, through = (api: ApiConnection) => api) => {
  const here = await cluster()
  const { as } = await installation(here, [...rightsOfBase(), ...rights()])
  await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
  const first = await product({ ...here, api: through(as.trigger) }, { controller: false })
  const second = await product({ ...here, api: through(as.trigger) }, { controller: false })
  const urls = async (name: string): Promise<readonly string[]> => {
    const { pathname } = new URL(await here.url(name))
    return [first, second].map(({ triggerPort }) => `http://127.0.0.1:${triggerPort}${pathname}`)
  }
  return { ...here, urls }
}

const createHook = (here: Cluster, kind: CountedKind, change: object = {}) => {
  const { driver, member } = kind.hook('web')
  const spec = { driver, [driver]: { ...member, action: 'up', max: 1_000_000, min: 0, ...change } }
  return create(here.api, hooks, here.namespace, { apiVersion, kind: hookKind, metadata: { name: 'up' }, spec })
}

const countOf = async (here: Cluster, kind: CountedKind): Promise<number> =>
  Number(countIn(await look(here, kind.type, 'web'), kind))

/** Where somebody else notes how often 100 was added: an answer may say less than what was stored. */
const addedAnnotation = 'added'

/**
 * Adds 100 as another writer, at least once: reads, and writes that version. Resolves with how often that
 * was stored.
 */
const writeMeanwhile = async (here: Cluster, kind: CountedKind, isOver: () => boolean): Promise<number> => {
  const added = async () =>
    Number((await look(here, kind.type, 'web', 'metadata', 'annotations', addedAnnotation)) ?? 0)
  for (let turn = 0; !isOver() || (await added()) === 0; turn++) {
    const version = await look(here, kind.type, 'web', 'metadata', 'resourceVersion')
    const [count, before] = [await countOf(here, kind), await added()]
    const note = { op: 'add', path: `/metadata/annotations/${addedAnnotation}`, value: String(before + 1) }
    await patchAs(
      here.api,
      here,
      kind.type,
      [
        { op: 'replace', path: '/metadata/resourceVersion', value: version },
        ...(turn % 2 === 0
          ? [{ op: 'add', path: kind.pointer, value: count + 100 }, note]
          : [{ op: 'add', path: '/metadata/labels', value: { turn: String(turn) } }]),
      ],
      {},
    )
    await wait(nodeClock, 60)
  }
  return await added()
}

const answerOf = ({ body, status }: Posted): string => `${status} ${String(body['reason'])}`

const named = countedKinds.map(
  kind => [`${kind.type.kind} of ${kind.type.group}${kind.isSecond ? ', its maximum' : ''}`, kind] as const,
)

describe.each(named)('%s', (_, kind) => {
  const starts = kind.absent === undefined ? [0, 3] : [undefined, 0, 3]

  it('is watched where two processes write it in turns, and read no more', async () => {
    const read: string[] = []
    const noting = (api: ApiConnection): ApiConnection => ({
      ...api,
      request: request => {
        if (request.method === 'GET') read.push(request.path)
        return api.request(request)
      },
    })
    const here = await installed(kind, noting)
    await make(here, kind.type, 'web', kind.spec(3))
    await createHook(here, kind)
    const urls = await here.urls('up')
    const path = objectPath(kind.type, here.namespace, 'web')
    const turn = async (): Promise<readonly string[]> => {
      read.length = 0
      for (const url of urls) {
        await post(url)
        await wait(nodeClock, 100) // a watch has reported it by then, on a machine that is not busy
      }
      return read.filter(of => of === path)
    }
    expect(await until(turn, reads => reads.length === 0)).toEqual([])
  })

  it.each(starts)(
    'is stepped exactly from %s, over two processes that lose answers, together with another writer',
    async start => {
      const here = await installed(kind, losing)
      const isFromOne = kind.type === autoscalers || kind.isSecond === true
      const spec = kind.spec(start === 0 && isFromOne ? 1 : start)
      await make(here, kind.type, 'web', spec, { annotations: { [addedAnnotation]: '0' } })
      const began = await countOf(here, kind)
      await createHook(here, kind)
      const urls = await here.urls('up')
      let over = false
      const otherWriter = writeMeanwhile(here, kind, () => over)
      const unnamed = urls.flatMap(url =>
        Array.from({ length: 3 }, async () => {
          const answers: string[] = []
          for (let turn = 0; turn < 8; turn++) answers.push(await post(url).then(answerOf, () => 'no answer'))
          return answers
        }),
      )
      // Each name goes to both, and again until somebody knows.
      const named = Array.from({ length: 8 }, (_name, index) =>
        Promise.all(
          urls.map(url =>
            until(
              () =>
                post(url, undefined, { headers: { 'idempotency-key': `job ${index}` } }).then(
                  answerOf,
                  () => 'no answer',
                ),
              answer => answer.startsWith('200'),
            ),
          ),
        ),
      )
      const answers = (await Promise.all(unnamed)).flat()
      const jobs = await Promise.all(named)
      over = true
      const others = await otherWriter
      const applied = answers.filter(answer => answer === '200 Stepped').length
      const unanswered = answers.filter(answer => answer === 'no answer').length
      expect(answers.filter(answer => !/^(?:200 Stepped|503 .*|no answer)$/.test(answer))).toEqual([])
      expect(jobs.flat().filter(answer => !/^200 (?:Stepped|Duplicate)$/.test(answer))).toEqual([])
      const steps = (await countOf(here, kind)) - began - 100 * others
      expect(others).toBeGreaterThan(0)
      expect(steps).toBeGreaterThanOrEqual(applied + jobs.length)
      expect(steps).toBeLessThanOrEqual(applied + jobs.length + unanswered)
    },
  )

  it('gives way by one fence after another where the cluster was against counts, and what was absent stays so', async () => {
    const here = await installed(kind)
    const { absent = 0 } = kind
    await make(here, kind.type, 'web', kind.spec(kind.absent === undefined ? 0 : undefined))
    await createHook(here, kind)
    const [url = ''] = await here.urls('up')
    const job = (): Promise<Posted> => post(url, undefined, { headers: { 'idempotency-key': 'job 1' } })
    const stepBy = (by: number) => here.patchHook('up', { spec: { [kind.hook('web').driver]: { by } } })
    const mark = async () => String(await look(here, kind.type, 'web', 'metadata', 'annotations', markAnnotation))
    await forbid(here, kind, [absent + 1, absent + 2])
    expect(answerOf(await job())).toBe('422 NotScalable')
    const refused = await job()
    expect(answerOf(refused)).toBe('422 NotScalable')
    expect(refused.body['message']).toContain('is not wanted here')
    await stepBy(2)
    await until(
      async () => [answerOf(await job()), await mark()],
      ([answer, seen]) => answer === '422 NotScalable' && seen?.startsWith('receiver-hooks.fence.') === true,
    )
    // Nothing was written between this fence and the next one.
    await stepBy(3)
    const edited = await until(job, ({ status }) => status === 200)
    expect(edited.body).toMatchObject({ outcome: 'applied', from: absent, to: absent + 3 })
    expect(answerOf(await job())).toBe('200 Duplicate')
    expect(await countOf(here, kind)).toBe(absent + 3)
  })

  it("has nothing but its count and the mark changed by the trigger's account", async () => {
    const here = await installed(kind)
    await make(here, kind.type, 'web', kind.spec(2), { annotations: { kept: 'yes' } })
    const api = await connectionFor(here, 'trigger')
    const patch = (operations: readonly object[]): Promise<string> => patchAs(api, here, kind.type, operations)
    const label = { op: 'add', path: '/metadata/labels', value: { evil: 'yes' } }
    await until(
      () => patch([label]),
      answer => answer === '422' || answer === '403',
    )
    const mark = { op: 'add', path: '/metadata/annotations/receiverhooks.dev~1step', value: 'm' }
    expect(await patch([{ op: 'add', path: kind.pointer, value: 5 }, mark])).toBe('200')
    const illegal = [
      label,
      { op: 'add', path: '/metadata/annotations/kept', value: 'no' },
      { op: 'add', path: '/metadata/finalizers', value: ['example.com/never'] },
      ...kind.illegal,
    ]
    for (const operation of illegal)
      expect([operation, await patch([operation].flat())]).toEqual([operation, expect.stringMatching(/^4(?:03|22)$/)])
  })
})

/** Returns the status with which a JSON Patch of the target would be answered. */
const patchAs = async (
  api: ApiConnection,
  { namespace }: Cluster,
  type: ResourceType,
  operations: readonly object[],
  query: Readonly<Record<string, string>> = { dryRun: 'All' },
): Promise<string> => {
  const answer = await api.request({
    method: 'PATCH',
    path: objectPath(type, namespace, 'web'),
    query,
    contentType: 'application/json-patch+json',
    body: JSON.stringify(operations),
    lane: 'bulk',
    timeoutMs: 5000,
  })
  return String(answer.status)
}

const admission = { group: 'admissionregistration.k8s.io', version: 'v1' }
const policies: ResourceType = {
  ...admission,
  resource: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
}
const bindings: ResourceType = {
  ...admission,
  resource: 'validatingadmissionpolicybindings',
  kind: 'ValidatingAdmissionPolicyBinding',
}

/** Makes the cluster refuse counts of a kind in a namespace until the test ends. Resolves once it does. */
const forbid = async (
  here: Cluster,
  { absent = 0, cel, pointer, type }: CountedKind,
  unwanted: readonly number[],
): Promise<void> => {
  const name = `counts.${here.namespace}`
  const policy = {
    failurePolicy: 'Fail',
    matchConstraints: {
      resourceRules: [
        { apiGroups: [type.group], apiVersions: ['*'], operations: ['UPDATE'], resources: [type.resource] },
      ],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': here.namespace } },
    },
    validations: [
      {
        expression: `!((has(${cel}) ? ${cel} : ${absent}) in [${unwanted.join()}])`,
        message: `${unwanted.join(' or ')} is not wanted here`,
      },
    ],
  }
  for (const [of, spec] of [
    [policies, policy],
    [bindings, { policyName: name, validationActions: ['Deny'] }],
  ] as const) {
    const all = collectionPath(of)
    await send(here.api, { method: 'POST', path: all, body: JSON.stringify({ metadata: { name }, spec }) })
    onTestFinished(async () => {
      await here.api.request({ method: 'DELETE', path: `${all}/${name}`, lane: 'bulk', timeoutMs: 5000 })
    })
  }
  await until(
    () => patchAs(here.api, here, type, [{ op: 'add', path: pointer, value: unwanted[0] }]),
    answer => answer === '422',
  )
}
