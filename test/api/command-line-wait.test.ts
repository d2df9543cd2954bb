import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/api/json.ts'
import { apiVersion, hookKind } from '../../src/api/names.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { commandLine } from '../support/command-line.ts'
import { cluster, deployments, post, product, until } from '../support/product.ts'

/** Starts a product with a Deployment of two, whose controller is this test, and a hook for pushes. */
const setUp = async (spec: object = {}) => {
  const here = await cluster()
  const { api, kubeconfig, namespace } = here
  await here.createDeployment('web', 2)
  await product(here)
  await create(api, hooks, namespace, {
    apiVersion,
    kind: hookKind,
    metadata: { name: 'push' },
    spec: { driver: 'redeploy', redeploy: { target: { name: 'web' }, tags: { glob: '*' } }, ...spec },
  })
  const url = await here.url('push')
  // The trigger learns of the hook a moment later.
  await until(
    () => post(`${url}?dryRun=true`),
    ({ status }) => status !== 404 && status !== 503,
  )
  const patch = (body: object, ...subresource: readonly string[]) =>
    send(api, {
      method: 'PATCH',
      path: objectPath(deployments, namespace, 'web', ...subresource),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(body),
    })
  const generation = async (): Promise<number> =>
    (await read(api, deployments, namespace, 'web'))?.metadata.generation ?? 0
  const pushed = (tag: string): string => JSON.stringify({ image: `nginx:${tag}` })
  return {
    ...here,
    generation,
    patch,
    run: (args: readonly string[], body = '') =>
      commandLine(kubeconfig, ['trigger', ...args, '-n', namespace, '-d', '-'], body),
    pushed,
    /** Reports that so many of two pods are new and available. */
    report: async (updated: number): Promise<void> => {
      const time = '2026-01-01T00:00:00Z'
      const reason = updated === 2 ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated'
      const condition = { type: 'Progressing', status: 'True', reason, message: '' }
      const conditions = [{ ...condition, lastUpdateTime: time, lastTransitionTime: time }]
      const counts = { replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: updated }
      await patch({ status: { observedGeneration: await generation(), ...counts, conditions } }, 'status')
    },
  }
}

describe('kubectl receiverhook trigger --wait', { timeout: 60_000 }, () => {
  it('shows the progress, ends well when the pods are there, and asks again with its key', async () => {
    const { generation, pushed, report, run } = await setUp()
    const before = await generation()
    const running = run(['push', '--wait'], pushed('1.0.1'))
    await until(generation, now => now > before)
    await report(2)
    const { code, stderr, stdout } = await running
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: '200 complete RolloutComplete: Deployment/web: 2 of 2 new pods are available\n',
    })
    const [, key = ''] = /^posting to \S+ with the idempotency key ([0-9a-f]{16})$/m.exec(stderr) ?? []
    const written = await generation()
    const again = await run(['push', '--wait', '--id', key, '-o', 'json'])
    expect(parseJson(again.stdout)).toMatchObject({ status: 200, state: 'complete', ready: 2, of: 2 })
    expect([again.code, await generation()]).toEqual([0, written])
  })

  it('says of a scale how far it went', async () => {
    const { createHook, generation, patch, replicas, run, url } = await setUp()
    await createHook('web-up', {})
    await url('web-up')
    const running = run(['web-up', '--wait'])
    await until(
      () => replicas('web'),
      now => now === 3,
    )
    const counts = { replicas: 3, readyReplicas: 3, availableReplicas: 3, updatedReplicas: 3 }
    await patch({ status: { observedGeneration: await generation(), ...counts } }, 'status')
    expect((await running).stdout).toBe(
      '200 complete RolloutComplete from 2 to 3: Deployment/web: 3 of 3 are available\n',
    )
  })

  it('ends with 4 and what to do when the rollout stalls or somebody replaces it', async () => {
    const { patch, pushed, run } = await setUp()
    await run(['push', '--id', 'one'], pushed('1.0.1'))
    await patch({ spec: { paused: true } })
    const stalled = await run(['push', '--wait', '--id', 'one'], pushed('1.0.1'))
    expect(stalled).toMatchObject({ code: 4, stdout: '' })
    expect(stalled.stderr).toMatch(/422 stalled RolloutStalled: .* is paused: resume it .*\nTo do: Look at the pods: /)
    const containers = [{ name: 'web', image: 'nginx:hotfix' }]
    await patch({ spec: { paused: false, template: { spec: { containers } } } })
    const replaced = await run(['push', '--wait', '--id', 'one'], pushed('1.0.1'))
    expect(replaced).toMatchObject({ code: 4 })
    expect(replaced.stderr).toMatch(/409 replaced Replaced: someone else .*\nTo do: Find out who wrote it: /)
  })

  it('ends with 124 when its time is over, and says how to go on', async () => {
    const { kubeconfig, namespace, pushed, report, run, url } = await setUp()
    const reached = ['--kubeconfig', kubeconfig, '--as', 'system:admin', '--as-group', 'system:masters']
    const base = new URL(await url('push')).origin
    await run(['push', '--id', 'build #1'], pushed('1.0.1'))
    await report(1)
    // On a busy machine a first look may take longer than that.
    const { code, stderr, stdout } = await until(
      () => run(['push', '--id', 'build #1', '--wait=1s', '--public-url', base, ...reached], pushed('1.0.1')),
      ended => ended.stderr.includes('1 of 2 ready'),
    )
    expect({ code, stdout }).toEqual({ code: 124, stdout: '' })
    expect(stderr).toContain('\n1 of 2 ready\n202 progressing RolloutProgressing: Deployment/web: 1 of 2 new pods')
    expect(stderr).toContain(
      `  kubectl receiverhook trigger push -n ${namespace} ${reached.join(' ')} --id 'build #1' --public-url ${base} --wait\n`,
    )
  })

  it('says what cannot be waited for', async () => {
    const { patchHook, pushed, run } = await setUp()
    await patchHook('push', { spec: { suspend: true } })
    await until(
      () => run(['push', '--dry-run'], pushed('1.0.2')),
      ({ stdout }) => stdout.includes('Suspended'),
    )
    const suspended = await run(['push', '--wait=1s'], pushed('1.0.2'))
    expect(suspended).toMatchObject({ code: 4 })
    expect(suspended.stderr).toContain('409 skipped Suspended: ')
    expect(await run(['push', '--wait', '--dry-run'])).toMatchObject({ code: 2 })
    expect((await run(['push', '--wait=13h'])).stderr).toContain('at most 12h')
    expect((await run(['push', '--wait', '15m'])).stderr).toContain('too many arguments')
  })
})
