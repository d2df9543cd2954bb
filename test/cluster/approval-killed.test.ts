import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion, requestKind } from '../../src/api/names.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { requests } from '../../src/kube/resources.ts'
import { cluster, product } from '../support/product.ts'
import { program } from '../support/program.ts'
import { kubeconfigFor } from './control-plane/kubeconfig.ts'
import { httpProxy } from './http-proxy.ts'

/** How many writes a trigger makes from an approval to the answer: a claim, the step, what became settled, and the answer. */
const atLeast = 3

it('a trigger that is killed before or after any of its writes makes the step that was approved, once', async () => {
  const { ca, server, tokens } = inject('cluster')
  const proxy = await httpProxy({ ca, server })
  const here = await cluster()
  const kubeconfig = join(dirname(here.kubeconfig), here.systemNamespace)
  await writeFile(kubeconfig, kubeconfigFor({ server: proxy.server, ca }, tokens.admin))
  await here.createDeployment('web', 2)
  await product(here, { trigger: false, requests: true })
  await here.createHook('web-up', { max: 1000 }, { approval: { within: '15m' } })
  const found = (name: string) => read(here.api, requests, here.namespace, name)
  const status = async (name: string, state: string): Promise<unknown> =>
    at(
      await here.until(
        () => found(name),
        object => stringAt(object, 'status', 'state') === state,
      ),
      'status',
    )
  const start = () =>
    program([
      ...['serve', 'trigger', '--namespace', here.systemNamespace, '--watch-namespace', here.namespace, '--requests'],
      ...['--kubeconfig', kubeconfig, '--host', '127.0.0.1', '--trigger-port', '0', '--operations-port', '0'],
      ...['--shutdown-delay', '0', '--log-level', 'warn'],
    ])

  /** Approves a request, and kills the trigger at its `nth` write. Resolves with whether there was one. */
  const killedAt = async (nth: number, when: 'instead' | 'afterwards', name: string): Promise<boolean> => {
    proxy.refuse(() => undefined)
    const trigger = start()
    const spec = { hook: 'web-up', by: { user: 'ann' } }
    await create(here.api, requests, here.namespace, { apiVersion, kind: requestKind, metadata: { name }, spec })
    const effect = stringAt(await status(name, 'Awaiting'), 'effect', 'digest')
    const before = await here.replicas('web')
    let writes = 0
    let killed: Promise<unknown> | undefined
    proxy.refuse(({ method }) => {
      const isNth = ['PATCH', 'POST', 'PUT'].includes(method) && ++writes === nth
      // A trigger whose write is done and answered 504 asks whether it is done. It is killed there.
      if (isNth ? when === 'instead' : writes >= nth) killed ??= trigger.end('SIGKILL')
      return writes < nth ? undefined : { status: 504, when: isNth ? when : 'instead' }
    })
    await send(here.api, {
      method: 'PATCH',
      path: objectPath(requests, here.namespace, name),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ spec: { decision: { is: 'Approved', by: 'bob', effect } } }),
    })
    await here.until(
      found.bind(undefined, name),
      object => killed !== undefined || stringAt(object, 'status', 'state') === 'Done',
    )
    await (killed ?? trigger.end('SIGTERM'))
    proxy.refuse(() => undefined)
    const next = start()
    expect(await status(name, 'Done')).toMatchObject({ answer: { outcome: 'applied', from: before, to: before + 1 } })
    expect(await here.replicas('web')).toBe(before + 1)
    await next.end('SIGTERM')
    return killed !== undefined
  }

  let kills = 0
  for (const when of ['instead', 'afterwards'] as const) {
    let nth = 1
    while (await killedAt(nth, when, `${when}-${nth}`)) nth++
    expect(nth).toBeGreaterThan(atLeast)
    kills += nth
  }
  expect(await here.replicas('web')).toBe(2 + kills)
}, 240_000)
