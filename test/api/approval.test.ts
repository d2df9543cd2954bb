import { describe, expect, it } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { nodeClock } from '../../src/environment/system.ts'
import { collectionPath, objectPath } from '../../src/kube/paths.ts'
import { read } from '../../src/kube/requests.ts'
import { events as kubeEvents, hooks, requests } from '../../src/kube/resources.ts'
import { commandLine } from '../support/command-line.ts'
import { approving } from '../support/approving.ts'
import { deployments, product } from '../support/product.ts'

describe('a request to a hook with approval', () => {
  it('changes nothing before it is approved, and then what was shown', async () => {
    const { ask, decide, hook, replicas, status, until } = await approving()
    const shown = await status(await ask('one'), 'Awaiting')
    expect(shown).toMatchObject({ effect: { text: 'Deployment/web would go from 2 to 3', asked: 1 } })
    expect(stringAt(shown, 'until')).toBeDefined()
    expect(await replicas('web')).toBe(2)
    await decide('one', 'Approved')
    expect(await status('one', 'Done')).toMatchObject({
      answer: { status: 200, outcome: 'applied', reason: 'Stepped', from: 2, to: 3 },
    })
    expect(await replicas('web')).toBe(3)
    const found = await until(
      () => hook('web-up'),
      object => at(object, 'status', 'lastDelivery') !== undefined,
    )
    expect(at(found, 'status', 'lastDelivery', 'by')).toEqual({ user: 'ann', decidedBy: 'bob' })
  })

  it('is announced while it waits, by an Event of its hook and by a metric', async () => {
    const { api, ask, decide, namespace, operations, status, until } = await approving()
    const awaiting = async (): Promise<string[]> => {
      const text = await (await fetch(`${operations}/metrics`)).text()
      return text.split('\n').filter(line => line.startsWith('receiverhooks_awaiting{'))
    }
    const shown = await status(await ask('one'), 'Awaiting')
    const events = {
      method: 'GET',
      path: collectionPath(kubeEvents, namespace),
      lane: 'bulk',
      timeoutMs: 10_000,
    } as const
    const { body } = await until(
      () => api.request(events),
      ({ body }) => body.includes('AwaitingApproval'),
    )
    expect(at(parseJson(body), 'items')).toContainEqual(
      expect.objectContaining({
        reason: 'AwaitingApproval',
        regarding: expect.objectContaining({ kind: 'ReceiverHook', name: 'web-up' }) as unknown,
        note: `Deployment/web would go from 2 to 3, asked by ann, until ${stringAt(shown, 'until')}: kubectl receiverhook approve one -n ${namespace}`,
      }),
    )
    const line = `receiverhooks_awaiting{namespace="${namespace}",hook="web-up"} 1`
    await until(awaiting, lines => lines.includes(line))
    await decide('one', 'Approved')
    await status('one', 'Done')
    await until(awaiting, lines => lines.length === 0)
  })

  it('is closed in the record when it is denied', async () => {
    const { ask, decide, hook, replicas, status, until } = await approving()
    await ask('one')
    await decide('one', 'Denied')
    expect(await status('one', 'Done')).toMatchObject({ answer: { status: 200, outcome: 'skipped', reason: 'Denied' } })
    const found = await until(
      () => hook('web-up'),
      object => at(object, 'status', 'lastDelivery') !== undefined,
    )
    expect(at(found, 'status', 'lastDelivery')).toMatchObject({ outcome: 'skipped', reason: 'Denied' })
    expect(await replicas('web')).toBe(2)
  })

  it('is shown again with what it would do now if somebody else has changed the target', async () => {
    const { ask, decide, replicas, scale, status } = await approving()
    const first = await status(await ask('one'), 'Awaiting')
    await scale('web', 5)
    await decide('one', 'Approved', first)
    const second = await status('one', 'Awaiting', found => at(found, 'effect', 'asked') === 2)
    expect(second).toMatchObject({ effect: { text: 'Deployment/web would go from 5 to 6' } })
    expect(await replicas('web')).toBe(5)
    await decide('one', 'Approved')
    expect(await status('one', 'Done')).toMatchObject({ answer: { from: 5, to: 6 } })
  })

  it('is closed if its hook was deleted and made again, and never runs the other hook', async () => {
    const { api, ask, createHook, decide, namespace, replicas, status, until } = await approving()
    const shown = await status(await ask('one'), 'Awaiting')
    await api.request({
      method: 'DELETE',
      path: objectPath(hooks, namespace, 'web-up'),
      lane: 'bulk',
      timeoutMs: 10_000,
    })
    // The times of objects are in whole seconds.
    const second = Math.floor(nodeClock.now() / 1000)
    await until(
      () => Promise.resolve(Math.floor(nodeClock.now() / 1000)),
      now => now > second,
    )
    await createHook('web-up', { max: 100 }, { approval: { within: '15m' } })
    await decide('one', 'Approved', shown)
    expect(await status('one', 'Done')).toMatchObject({ answer: { status: 410, reason: 'RequestedHookGone' } })
    expect(await replicas('web')).toBe(2)
  })

  it('is closed once three different effects were approved in vain', async () => {
    const { ask, decide, replicas, scale, status } = await approving()
    await ask('one')
    for (const asked of [1, 2, 3]) {
      const shown = await status('one', 'Awaiting', found => at(found, 'effect', 'asked') === asked)
      await scale('web', 10 + asked)
      await decide('one', 'Approved', shown)
    }
    expect(await status('one', 'Done')).toMatchObject({ answer: { outcome: 'skipped', reason: 'EffectChanged' } })
    expect(await replicas('web')).toBe(13)
  })

  it('is shown again if the hook was edited, and closed if approval was taken out', async () => {
    const { ask, decide, patch, replicas, status } = await approving()
    const first = await status(await ask('one'), 'Awaiting')
    await patch(hooks, 'web-up', { spec: { scale: { by: 2 } } })
    await decide('one', 'Approved', first)
    const second = await status('one', 'Awaiting', found => at(found, 'effect', 'asked') === 2)
    expect(second).toMatchObject({ effect: { text: 'Deployment/web would go from 2 to 4' } })
    await patch(hooks, 'web-up', { spec: { approval: null } })
    await decide('one', 'Approved')
    expect(await status('one', 'Done')).toMatchObject({ answer: { outcome: 'skipped', reason: 'EffectChanged' } })
    expect(await replicas('web')).toBe(2)
  })

  it('waits until earlier ones of its hook are done', async () => {
    const { ask, decide, replicas, status } = await approving()
    await ask('a')
    await status('a', 'Awaiting')
    await ask('b')
    await status('b', 'Queued')
    await decide('a', 'Approved')
    expect(await status('b', 'Awaiting')).toMatchObject({ effect: { text: 'Deployment/web would go from 3 to 4' } })
    await decide('b', 'Approved')
    await status('b', 'Done')
    expect(await replicas('web')).toBe(4)
  })

  it('is answered at once if it would change nothing', async () => {
    const { ask, patch, status } = await approving()
    await patch(hooks, 'web-up', { spec: { scale: { max: 2 } } })
    expect(await status(await ask('one'), 'Done')).toMatchObject({ answer: { outcome: 'unchanged' } })
    expect(await status(await ask('two', { dryRun: true }), 'Done')).toMatchObject({ answer: { outcome: 'unchanged' } })
  })

  it('is closed if it fails after it was approved', async () => {
    const { api, ask, decide, namespace, status } = await approving()
    const shown = await status(await ask('one'), 'Awaiting')
    await api.request({
      method: 'DELETE',
      path: objectPath(deployments, namespace, 'web'),
      lane: 'bulk',
      timeoutMs: 10_000,
    })
    await decide('one', 'Approved', shown)
    expect(await status('one', 'Done')).toMatchObject({ answer: { status: 422, reason: 'TargetNotFound' } })
  })

  it('runs once for two triggers', async () => {
    const here = await approving()
    const { ask, decide, replicas, status } = here
    await product(here, { controller: false, requests: true })
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await ask(name)
      await decide(name, 'Approved')
      expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'applied' } })
    }
    expect(await replicas('web')).toBe(7)
  })
})

describe('the command line', () => {
  it('says that a run may still happen, if it is interrupted while it waits', async () => {
    const { kubeconfig, namespace, status } = await approving()
    const stop = new AbortController()
    // It looks again after a second only once the request has a state.
    const clock: Clock = {
      ...nodeClock,
      after: (ms, run) => {
        if (ms >= 1000) stop.abort()
        return nodeClock.after(ms, run)
      },
    }
    const args = ['run', 'web-up', '--wait', '-n', namespace]
    const { code, stderr } = await commandLine(kubeconfig, args, '', clock, stop.signal)
    const name = /web-up-[0-9a-f]{8}/.exec(stderr)?.[0] ?? ''
    expect([code, stderr]).toEqual([130, expect.stringContaining(`interrupted: ${name} may still run`)])
    await status(name, 'Awaiting')
  })

  it('keeps no reason of an earlier decision', async () => {
    const { api, kubeconfig, namespace, scale, status, ask } = await approving()
    const first = await status(await ask('one'), 'Awaiting')
    const approve = async (shown: unknown, ...more: readonly string[]): Promise<void> => {
      const effect = stringAt(shown, 'effect', 'digest') ?? ''
      const args = ['approve', 'one', '--yes', '--effect', effect, ...more, '-n', namespace]
      expect(await commandLine(kubeconfig, args)).toMatchObject({ code: 0, stderr: '' })
    }
    await scale('web', 5)
    await approve(first, '--why', 'for two pods')
    await approve(await status('one', 'Awaiting', found => at(found, 'effect', 'asked') === 2))
    await status('one', 'Done')
    expect(at(await read(api, requests, namespace, 'one'), 'spec', 'decision')).toEqual({
      is: 'Approved',
      by: expect.any(String) as unknown,
      effect: expect.any(String) as unknown,
    })
  })

  it('says what waits, approves and denies it, and names who is not to', async () => {
    const { kubeconfig, namespace, replicas, status, until } = await approving()
    const run = (...args: string[]) => commandLine(kubeconfig, [...args, '-n', namespace])
    expect((await run('pending')).stderr).toContain('nothing is waiting for approval in the namespace')
    const asked = await run('run', 'web-up', '--why', 'queue is long')
    expect([asked.code, asked.stderr]).toEqual([4, expect.stringContaining('Deployment/web would go from 2 to 3. It')])
    const name = /approve (\S+) -n/.exec(asked.stderr)?.[1] ?? ''
    const listed = await run('pending', '--wide')
    expect(listed.stdout).toContain('Deployment/web would go from 2 to 3')
    expect(listed.stdout).toContain('queue is long')
    const effect = stringAt(await status(name, 'Awaiting'), 'effect', 'digest') ?? ''
    expect(listed.stdout).toContain(effect)
    const { stdout: described } = await until(
      () => run('describe', 'web-up'),
      ({ stdout }) => stdout.includes('AwaitingApproval'),
    )
    expect(described).toMatch(/Approval: +each change needs the approval of another person within 15m/)
    expect((await run('approve', name)).stderr).toContain('without a terminal, use --yes and --effect')
    expect((await run('approve', name, '--yes', '--effect', 'x')).stderr).toContain(
      'that is not what the request would do now',
    )
    expect((await run('approve', name, '--yes', '--effect', effect)).stdout).toContain(
      'approved: Deployment/web would go',
    )
    expect(await status(name, 'Done')).toMatchObject({ answer: { from: 2, to: 3 } })
    expect((await run('deny', name)).stderr).toContain('is not waiting for a decision: Deployment/web went from 2 to 3')
    const other = /approve (\S+) -n/.exec((await run('run', 'web-up')).stderr)?.[1] ?? ''
    expect((await run('deny', other, '--why', 'not now')).stdout).toContain('denied')
    expect(await status(other, 'Done')).toMatchObject({ answer: { reason: 'Denied' } })
    expect(await replicas('web')).toBe(3)
  })
})
