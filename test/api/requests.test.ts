import { describe, expect, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { create, read } from '../../src/kube/requests.ts'
import { records, requests } from '../../src/kube/resources.ts'
import { signed, subscription } from '../senders/sns-messages.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, post, product } from '../support/product.ts'

const ready = async () => {
  const here = await cluster()
  await here.createDeployment('web', 2)
  const running = await product(here, { requests: true })
  /** Makes a request, and resolves with its name. */
  const ask = async (name: string, spec: object = {}): Promise<string> => {
    await create(here.api, requests, here.namespace, {
      apiVersion,
      kind: requestKind,
      metadata: { name },
      spec: { hook: 'web-up', by: { user: 'ann' }, ...spec },
    })
    return name
  }
  const request = async (name: string): Promise<StoredObject | undefined> =>
    await read(here.api, requests, here.namespace, name)
  const answer = async (name: string): Promise<unknown> =>
    at(
      await here.until(
        () => request(name),
        found => stringAt(found, 'status', 'state') === 'Done',
      ),
      'status',
      'answer',
    )
  return { ...here, ...running, ask, request, answer }
}

describe('a request in the cluster', () => {
  it('runs its hook as a post does, and is answered in its status', async () => {
    const { answer, ask, createHook, hook, lines, replicas, until, url } = await ready()
    await createHook('web-up', {})
    await url('web-up')
    expect(await answer(await ask('one'))).toMatchObject({ status: 200, outcome: 'applied', from: 2, to: 3 })
    expect(await replicas('web')).toBe(3)
    const shown = await until(
      () => hook('web-up'),
      found => at(found, 'status', 'lastDelivery') !== undefined,
    )
    expect(at(shown, 'status', 'lastDelivery')).toMatchObject({ sender: 'kubernetes', by: { user: 'ann' } })
    expect(lines.find(line => line.includes('"Stepped"'))).toContain('"by":{"user":"ann"}')
  })

  it('with the body of a sender that signs its posts asks nobody to confirm a subscription', async () => {
    const { answer, api, ask, createHook, namespace, until, url } = await ready()
    await createHook('web-up', {})
    await url('web-up')
    expect(
      await answer(await ask('one', { body: JSON.stringify({ ...signed(subscription, '1'), Signature: 'AAAA' }) })),
    ).toMatchObject({ status: 200 })
    expect(await answer(await ask('two'))).toMatchObject({ status: 200, outcome: 'applied' })
    const content = await until(
      async () => stringAt(await read(api, records, namespace, 'web-up'), 'content') ?? '',
      stored => stored.includes('"applied"'),
    )
    expect(content).not.toContain('ConfirmSubscription')
  })

  it('says why something is leased', async () => {
    const { answer, ask, createHook, hook, until, url } = await ready()
    await createHook('web-up', {}, { for: '2h' })
    await url('web-up')
    expect(await answer(await ask('one', { why: 'the queue\nis long' }))).toMatchObject({ status: 200 })
    const shown = await until(
      () => hook('web-up'),
      found => at(found, 'status', 'leases') !== undefined,
    )
    expect(at(shown, 'status', 'leases', 'shown')).toEqual([
      expect.objectContaining({ of: 'kubernetes: the queue is long' }),
    ])
  })

  it('keeps the answer, and says how far what it began is', async () => {
    const { ask, createHook, request, until, url } = await ready()
    await createHook('web-up', {})
    await url('web-up')
    await ask('one')
    const found = await until(
      () => request('one'),
      seen => stringAt(seen, 'status', 'answer', 'stateMessage') !== undefined,
    )
    expect(at(found, 'status', 'answer')).toMatchObject({
      message: 'Deployment/web went from 2 to 3',
      state: 'progressing',
      stateMessage: 'Deployment/web: 0 of 3 are available',
    })
  })

  it('needs neither the URL nor what auth asks of others', async () => {
    const { answer, ask, createHook, url } = await ready()
    const auth = { bearer: { secretKeyRef: { name: 'senders', key: 'token' } } }
    await createHook('web-up', {}, { auth })
    await url('web-up')
    expect(await answer(await ask('one'))).toMatchObject({ status: 200, outcome: 'applied', from: 2, to: 3 })
  })

  it('runs once for each key, and once if it has none', async () => {
    const { answer, ask, createHook, replicas, url } = await ready()
    await createHook('web-up', {})
    await url('web-up')
    const names = await Promise.all(['a', 'b', 'c', 'd'].map(name => ask(name, { key: 'release-1' })))
    const answers = await Promise.all(names.map(answer))
    expect(await replicas('web')).toBe(3)
    for (const each of answers) expect(each).toMatchObject({ from: 2, to: 3 })
    expect(await answer(await ask('e'))).toMatchObject({ from: 3, to: 4 })
  })

  it('changes nothing as a dry run', async () => {
    const { answer, ask, createHook, replicas, url } = await ready()
    await createHook('web-up', {})
    await url('web-up')
    expect(await answer(await ask('one', { dryRun: true }))).toMatchObject({ outcome: 'applied', from: 2, to: 3 })
    expect(await replicas('web')).toBe(2)
  })

  it('is answered like a post where the hook does not run, and if there is none', async () => {
    const { answer, ask, createHook, replicas, url } = await ready()
    await createHook('web-up', {}, { suspend: true })
    await url('web-up')
    expect(await answer(await ask('one'))).toMatchObject({ status: 200, outcome: 'skipped', reason: 'Suspended' })
    expect(await answer(await ask('two', { hook: 'web-down' }))).toMatchObject({
      status: 410,
      reason: 'RequestedHookGone',
    })
    expect(await replicas('web')).toBe(2)
  })

  it('is one delivery for two triggers', async () => {
    const here = await ready()
    const { answer, ask, createHook, url } = here
    await product(here, { controller: false, requests: true })
    await createHook('web-up', { max: 100 })
    await url('web-up')
    const names = await Promise.all(Array.from({ length: 20 }, async (_, i) => await ask(`r-${i}`)))
    const answers = await Promise.all(names.map(answer))
    expect(await here.replicas('web')).toBe(22)
    expect(answers.map(each => at(each, 'to')).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 3),
    )
  })

  it('is made by the command line, which says how it ended', async () => {
    const { createHook, kubeconfig, namespace, replicas, url } = await ready()
    const run = (...args: string[]) => commandLine(kubeconfig, ['run', ...args, '-n', namespace])
    await createHook('web-up', { max: 3 })
    await url('web-up')
    expect(await run('web-up', '--dry-run')).toMatchObject({
      code: 0,
      stdout: 'applied Stepped 2 -> 3: Deployment/web would go from 2 to 3\n',
    })
    expect(await run('web-up', '--why', 'queue is long', '--id', 'one')).toMatchObject({
      code: 0,
      stdout: 'applied Stepped 2 -> 3: Deployment/web went from 2 to 3\n',
    })
    expect((await run('web-up', '--id', 'one')).stdout).toContain('applied RolloutProgressing 2 -> 3')
    expect((await run('web-up')).stdout).toContain('unchanged AtBound')
    const absent = await run('web-down')
    expect(absent.code).toBe(4)
    expect(absent.stderr).toContain('RequestedHookGone')
    expect(await replicas('web')).toBe(3)
  })

  it('is not run where requests are not on', async () => {
    const here = await cluster()
    await here.createDeployment('web', 2)
    await product(here)
    await here.createHook('web-up', {})
    const address = await here.url('web-up')
    await create(here.api, requests, here.namespace, {
      apiVersion,
      kind: requestKind,
      metadata: { name: 'one' },
      spec: { hook: 'web-up', by: { user: 'ann' } },
    })
    expect(await post(address)).toMatchObject({ body: { from: 2, to: 3 } })
    expect(await here.replicas('web')).toBe(3)
  })
})
