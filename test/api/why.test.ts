import { beforeEach, describe, expect, it } from 'vitest'
import { complete } from '../../cli/completion/complete.ts'
import { commands } from '../../src/registry.ts'
import { apiVersion, hookKind, requestKind } from '../../src/api/names.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { autoscalers, hooks, requests } from '../../src/kube/resources.ts'
import { notification } from '../support/alertmanager.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, deployments, postUntilDone, product } from '../support/product.ts'

const setUp = async (replicas = 3) => {
  const here = await cluster()
  await here.createDeployment('web', replicas)
  const running = await product(here, { requests: true })
  const why = async (word: string): Promise<string> => {
    const { code, stderr, stdout } = await commandLine(here.kubeconfig, ['why', word, '-n', here.namespace])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout
  }
  /** Writes as another program does: `manager` is its name, `apply` a server-side apply. */
  const write = (manager: string, count: number, apply = false) =>
    send(here.api, {
      method: 'PATCH',
      path: objectPath(deployments, here.namespace, 'web'),
      query: { fieldManager: manager, ...(apply && { force: 'true' }) },
      contentType: apply ? 'application/apply-patch+yaml' : 'application/merge-patch+json',
      body: JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: { replicas: count },
      }),
    })
  const createAutoscaler = (minReplicas: number) =>
    create(here.api, autoscalers, here.namespace, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas,
        maxReplicas: 20,
      },
    })
  return { ...here, ...running, createAutoscaler, why, write }
}

/** Returns the columns of a table's line that begins with a word, without the blanks between them. */
const lineOf = (text: string, word: string): readonly string[] =>
  text
    .split('\n')
    .find(line => line.startsWith(`${word} `))
    ?.split(/ {2,}/) ?? []

/** Returns a text without the times that pass while it is asked for again: ages, and how soon something is. */
const withoutTimes = (text: string): string => text.replaceAll(/\b\d+[smh]\b *|\(in [^)]*\)/g, '')

describe('why, for a count that three hooks have changed', () => {
  let here: Awaited<ReturnType<typeof setUp>>

  beforeEach(async () => {
    here = await setUp()
    const { createHook, url, write } = here
    await write('kubectl-edit', 3)
    await write('kubectl-scale', 4)
    await createHook('lent', { by: 2, max: 20 }, { for: '15m' })
    await createHook('alerted', { by: 3, max: 20 }, { onResolved: 'undo' })
    await createHook('lasting', { max: 20 })
    const urls = await Promise.all(['lent', 'alerted', 'lasting'].map(name => url(name)))
    const bodies = [
      { ...notification('firing', 'first notification'), groupLabels: { alertname: 'WebBusy' } },
      notification('firing', 'first notification'),
      undefined,
    ]
    for (const [index, to] of urls.entries()) await postUntilDone(to, bodies[index])
  }, 60_000)

  it('says base, what is for good, and each part, and that they make the count', async () => {
    const { api, namespace, why } = here
    // A hook of the same object that changes no count is named nowhere.
    const metadata = { name: 'restarting' }
    const spec = { driver: 'restart', restart: { target: { name: 'web' } } }
    await create(api, hooks, namespace, { apiVersion, kind: hookKind, metadata, spec })
    const said = await why('deployment/web')
    expect(said.split('\n')[0]).toBe(`Deployment/web in ${namespace}: spec.replicas is 10`)
    expect(lineOf(said, 'base')).toMatchObject(['base', '4', expect.anything(), 'kubectl-scale'])
    expect(lineOf(said, 'for good')).toEqual(['for good', '+1', 'lasting'])
    expect(lineOf(said, 'alerted')).toMatchObject(['alerted', '+3', expect.anything(), 'its alert ends'])
    const [, by, , until = '', of] = lineOf(said, 'lent')
    expect({ by, of }).toEqual({ by: '+2', of: expect.stringContaining('alertmanager') as unknown })
    expect(until).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} \(in 14m\)$/)
    expect(lineOf(said, 'sum')).toEqual(['sum', '10'])
    expect(said).not.toContain('does not add up')
  })

  it.each([
    ['an edit by hand', 'kubectl-edit', 6, false, 'kubectl-edit'],
    ['an apply from Git', 'argocd-controller', 5, true, 'argocd-controller (apply)'],
    ['an apply from Git of the very same number', 'argocd-controller', 10, true, 'argocd-controller (apply)'],
  ])('%s is the new base, and ends every part', async (_, manager, count, isApply, shown) => {
    const { why, write } = here
    await write(manager, count, isApply)
    const said = await why('deploy/web')
    // An apply that changes no field has no time, so its age is not known.
    const base = lineOf(said, 'base')
    expect([base[1], base.at(-1)]).toEqual([String(count), shown])
    const [open = '', ended = ''] = said.split('Nothing takes these back any more:')
    expect(lineOf(open, 'lent')).toEqual([])
    expect(lineOf(open, 'sum')).toEqual(['sum', String(count)])
    expect(lineOf(ended, 'lent').slice(0, 2)).toEqual(['lent', '+2'])
    expect(lineOf(ended, 'alerted').slice(0, 2)).toEqual(['alerted', '+3'])
  })

  it('says what does not add up, where no hook is left that could have done it', async () => {
    const { api, namespace, why } = here
    const path = `/apis/receiverhooks.dev/v1alpha1/namespaces/${namespace}/receiverhooks/lasting`
    await api.request({ method: 'DELETE', path, lane: 'bulk', timeoutMs: 5000 })
    await here.patchHook('alerted', { spec: { for: '1h' } })
    const said = await why('deployment/web')
    expect(lineOf(said, 'unexplained')).toEqual(['unexplained', '+1'])
    expect(said).toContain(
      'This does not add up: base and parts make 9, but the count is 10. +1 is from a hook that was deleted',
    )
  })
})

it(
  'why says who ran the hooks that change a count, and nobody where that is not proved',
  { timeout: 60_000 },
  async () => {
    const { api, createHook, namespace, until, url, why } = await setUp()
    await createHook('web-up', { max: 9 })
    await postUntilDone(await url('web-up'))
    for (const user of ['ann', 'bob']) {
      await create(api, requests, namespace, {
        apiVersion,
        kind: requestKind,
        metadata: { name: user },
        spec: { hook: 'web-up', by: { user } },
      })
      await until(
        () => why('deployment/web'),
        said => said.includes(user),
      )
    }
    expect(withoutTimes(await why('deployment/web'))).toContain(
      'web-up was run by bob (5 -> 6, ago), ann (4 -> 5, ago).\n',
    )
  },
)

describe('why, for an object with an autoscaler', { timeout: 60_000 }, () => {
  it('says which one, and why that keeps as many as it does', async () => {
    const { createAutoscaler, createHook, namespace, url, why } = await setUp()
    await createAutoscaler(2)
    const target = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' }
    await createHook('floor', { target, by: 4, max: 15 }, { for: '2h' })
    const to = await url('floor')
    const ends = (words: string): unknown =>
      expect.stringMatching(new RegExp(`^HorizontalPodAutoscaler/web ${words} from 2 to 6, until \\S+Z$`))
    expect(await postUntilDone(`${to}?dryRun=true`)).toMatchObject({ body: { message: ends('would go') } })
    expect(await postUntilDone(to)).toMatchObject({ body: { from: 2, to: 6, message: ends('went') } })
    const said = await why('deployment/web')
    expect(said).toContain('HorizontalPodAutoscaler/web sets this count')
    const least = said.slice(said.indexOf('HorizontalPodAutoscaler/web in '))
    expect(least.split('\n')[0]).toBe(`HorizontalPodAutoscaler/web in ${namespace}: spec.minReplicas is 6`)
    expect(lineOf(least, 'base').slice(0, 2)).toEqual(['base', '2'])
    expect(lineOf(least, 'floor').slice(0, 2)).toEqual(['floor', '+4'])
    expect(withoutTimes(await why('hpa/web'))).toBe(withoutTimes(least))
  })

  it('has what is leased in the metrics, until that is over', async () => {
    const { createHook, namespace, operations, patchHook, until, url } = await setUp()
    await createHook('lent', { by: 2 }, { for: '15m' })
    await postUntilDone(await url('lent'))
    const series = `receiverhooks_leased{namespace="${namespace}",kind="Deployment",name="web"}`
    const metrics = async (): Promise<string> => await (await fetch(`${operations}/metrics`)).text()
    expect(await until(metrics, text => text.includes(series))).toContain(`${series} 2\n`)
    await patchHook('lent', { spec: { endBefore: new Date(Date.now() + 1000).toISOString() } })
    expect(await until(metrics, text => !text.includes(series))).toContain('# TYPE receiverhooks_leased gauge')
  })

  it('completes the objects that hooks are aimed at', async () => {
    const { createHook, kubeconfig, namespace, url } = await setUp()
    for (const name of ['web-up', 'web-down']) await createHook(name, {})
    await createHook('floor', {
      target: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'web' },
    })
    await Promise.all(['web-up', 'web-down', 'floor'].map(name => url(name)))
    const { offers } = await complete(commands, ['why', '-n', namespace, ''], { env: { KUBECONFIG: kubeconfig } })
    expect(offers.map(({ word }) => word)).toEqual(['deployment/web', 'horizontalpodautoscaler/web'])
  })

  it('knows the kinds that hooks are aimed at, and says what it does not know', async () => {
    const { kubeconfig, namespace } = await setUp()
    const run = (word: string) => commandLine(kubeconfig, ['why', word, '-n', namespace])
    expect(await run('web')).toMatchObject({ code: 2, stderr: expect.stringContaining('KIND/NAME') as unknown })
    expect(await run('gadget/web')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('gadget has no count that hooks change') as unknown,
    })
    expect(await run('deployment/no')).toMatchObject({
      code: 1,
      stderr: `there is no Deployment/no in the namespace ${namespace}\n`,
    })
    expect(await run('daemonset/web')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot scale') as unknown,
    })
  })
})
