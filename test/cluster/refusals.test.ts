import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { at } from '../../src/api/json.ts'
import { nodeClock } from '../../src/environment/node.ts'
import { wait } from '../../src/environment/wait.ts'
import { cluster, post, until, type Cluster } from '../support/product.ts'
import { kubeconfigFor } from './control-plane/kubeconfig.ts'
import { httpProxy, type HttpProxy, type Refusal } from './http-proxy.ts'
import { installed } from './installed.ts'
import {
  createTargets,
  deleteHook,
  expectExact,
  expectGone,
  isAnswered,
  isOrderly503,
  posting,
  reopenedWithinMs,
  served,
  tried,
  type Tried,
} from './posting.ts'

/** Returns a product that reaches the API server through a proxy; the test itself does not. */
const behindProxy = async (): Promise<{ here: Cluster; proxy: HttpProxy }> => {
  const { ca, server, tokens } = inject('cluster')
  const proxy = await httpProxy({ ca, server })
  const here = await cluster()
  const kubeconfig = join(dirname(here.kubeconfig), here.systemNamespace)
  await writeFile(kubeconfig, kubeconfigFor({ server: proxy.server, ca }, tokens.admin))
  return { here: { ...here, ...(await installed({ ...here, kubeconfig })) }, proxy }
}

/** Checks that a hook made now gets its URL and is served, and that one deleted now is gone within two seconds. */
const expectRecovered = async (here: Cluster): Promise<void> => {
  await here.createDeployment('web', 1)
  await here.createHook('after', {})
  await until(
    () => here.hook('after'),
    hook => at(hook, 'status', 'triggerURL') !== undefined,
    reopenedWithinMs,
  )
  const url = await here.url('after')
  expect((await post(url)).body).toMatchObject({ outcome: 'applied', from: 1, to: 2 })
  await deleteHook(here, 'after')
  await expectGone(url)
}

describe('an API server that answers every third request', () => {
  it.each<{ what: string; refusals: readonly Refusal[] }>([
    { what: '429', refusals: [{ status: 429, when: 'instead' }] },
    { what: '500 in place of doing it', refusals: [{ status: 500, when: 'instead' }] },
    { what: '500 once it is done', refusals: [{ status: 500, when: 'afterwards' }] },
    {
      what: '429, 500, 503, or 504, done or not',
      refusals: [
        { status: 429, when: 'instead' },
        { status: 504, when: 'afterwards' },
        { status: 500, when: 'instead' },
        { status: 503, when: 'instead' },
        { status: 504, when: 'instead' },
      ],
    },
  ])('with $what: no step is lost or doubled, and both roles go on', async ({ refusals }) => {
    const { here, proxy } = await behindProxy()
    const names = ['web-0', 'web-1']
    await createTargets(here, names)
    const urls = new Map<string, string>()
    for (const name of names) urls.set(name, await here.url(name))

    let asked = 0
    let refused = 0
    proxy.refuse(() => (asked++ % 3 === 0 ? refusals[refused++ % refusals.length] : undefined))
    const senders = posting(urls, 4)
    await wait(nodeClock, 1500)
    // The watches have to be opened again through the same failures.
    proxy.cut()
    await wait(nodeClock, 1500)
    await served(senders, 10)
    const tallies = await senders.end()
    proxy.refuse(() => undefined)
    expect(refused).toBeGreaterThan(5)
    await expectExact(here, tallies)
    await expectRecovered(here)
  })
})

describe('an API server that answers every request', () => {
  it.each<{ refusal: Refusal; wanted: string; first: (answer: Tried) => boolean; steps: number }>([
    {
      refusal: { status: 429, when: 'instead' },
      wanted: 'posts get 503 with Retry-After',
      first: isOrderly503,
      steps: 0,
    },
    {
      refusal: { status: 500, when: 'afterwards' },
      wanted: 'a step that was done is not answered nor done again, other posts get 503',
      first: answer => answer === 'no answer',
      steps: 1,
    },
  ])('with $refusal.status, $refusal.when: $wanted, also what is deleted meanwhile', async row => {
    const { here, proxy } = await behindProxy()
    await createTargets(here, ['web-0', 'to-delete'])
    const [url, deleted] = [await here.url('web-0'), await here.url('to-delete')]
    /** Refuses all requests from now on, and returns the count until then and the answer to the next post. */
    const refusing = async (): Promise<{ readonly before: number; readonly first: Tried }> => {
      proxy.refuse(() => undefined)
      await until(() => tried(url), isAnswered(200))
      const before = await here.replicas('web-0')
      proxy.refuse(() => row.refusal)
      return { before, first: await tried(url) }
    }
    // While the watches live, the step is tried. On a busy machine they may be too old by then.
    const { before, first } = await until(refusing, ({ first: answer }) => row.first(answer))
    const answers = [first]
    proxy.cut()
    await deleteHook(here, 'to-delete')
    const gone = nodeClock.monotonic()
    const ofDeleted: Tried[] = []
    // Longer than the controller may lead without renewing its lease.
    while (nodeClock.monotonic() < gone + 12_000) {
      answers.push(await tried(url))
      if (nodeClock.monotonic() > gone + 2000) ofDeleted.push(await tried(deleted))
      await wait(nodeClock, 200)
    }
    expect(ofDeleted.length).toBeGreaterThan(1)
    expect(ofDeleted.filter(answer => !isOrderly503(answer))).toEqual([])
    expect(answers.slice(1).filter(answer => !isOrderly503(answer))).toEqual([])
    const count = await here.replicas('web-0')
    expect(count).toBe(before + row.steps)

    proxy.refuse(() => undefined)
    expect(await until(() => tried(url), isAnswered(200))).toMatchObject({ body: { from: count, to: count + 1 } })
    await until(() => tried(deleted), isAnswered(410))
    await expectRecovered(here)
  })
})

describe('an API server that refuses watches alone', () => {
  it.each([429, 500])('with %i: what is deleted, suspended or edited then is so within two seconds', async status => {
    const { here, proxy } = await behindProxy()
    await createTargets(here, ['web-0', 'web-1', 'web-2'])
    const [deleted, suspended, edited] = [await here.url('web-0'), await here.url('web-1'), await here.url('web-2')]
    for (const url of [deleted, suspended, edited]) expect(await tried(url)).toSatisfy(isAnswered(200))

    proxy.refuse(({ isWatch }) => (isWatch ? { status, when: 'instead' } : undefined))
    proxy.cut()
    await deleteHook(here, 'web-0')
    await here.patchHook('web-1', { spec: { suspend: true } })
    await here.patchHook('web-2', { spec: { scale: { by: 10 } } })
    const within = async (url: string, wanted: (answer: Tried) => boolean): Promise<void> =>
      void (await until(() => tried(`${url}?dryRun=true`), wanted, 2000))
    await within(deleted, isAnswered(410))
    await within(suspended, answer => answer !== 'no answer' && answer.body['outcome'] === 'skipped')
    await within(edited, answer => answer !== 'no answer' && answer.body['to'] === 11)

    proxy.refuse(() => undefined)
    await expectRecovered(here)
  })
})
