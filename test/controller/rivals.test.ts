import { describe, expect, test } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, send } from '../../src/kube/requests.ts'
import { hooks, secrets } from '../../src/kube/resources.ts'
import { installation, publicURL, shop, type ProcessOptions } from './installation.ts'

const others = 'https://others.example.com'

/** A controller that finds no target, and so writes other conditions. */
const withoutTarget: ProcessOptions = {
  before: ({ path }) =>
    path.endsWith('/deployments/web')
      ? Promise.resolve({
          status: 404,
          headers: {},
          body: JSON.stringify({ kind: 'Status', details: { name: 'web' } }),
        })
      : undefined,
}

/** Returns an installation with a hook, and what starts a controller of another one in the namespace of the hook. */
const setUp = async (spec: object = {}, ofOther: ProcessOptions = {}) => {
  const x = await installation()
  await x.createDeployment('web')
  await create(x.api, secrets, shop, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'sender' },
    data: { key: Buffer.from('a-long-secret-of-the-sender').toString('base64') },
  })
  await x.createHook('web-up', spec)
  const first = x.start('first')
  await x.becomes('web-up', 'Valid')
  const startOther = () => x.start('second', { namespace: shop, publicURL: others, ...ofOther })
  const warned = ({ lines }: typeof first) =>
    lines.filter(line => line.includes('"level":"warn"') && line.includes('only one installation may serve'))
  const written = ({ writes }: typeof first) => writes.filter(path => path.endsWith('/web-up/status')).length
  const notes = async () =>
    (await x.hookEvents())
      .filter(event => at(event, 'reason') === 'StatusOutdated' && stringAt(event, 'regarding', 'name') === 'web-up')
      .map(event => stringAt(event, 'note') ?? '')
  return { ...x, first, startOther, warned, written, notes }
}

describe('a hook that two installations serve', () => {
  test.each([
    ['in its status', {}, {}],
    ['in a Secret', { token: { secretName: 'url' } }, withoutTarget],
    [
      'with its name',
      { token: { url: 'named' }, auth: { bearer: { secretKeyRef: { name: 'sender', key: 'key' } } } },
      withoutTarget,
    ],
  ])('and whose URL is %s has its status replaced ever more seldom, and both say so', async (_, spec, ofOther) => {
    const x = await setUp(spec, ofOther)
    const second = x.startOther()
    await x.pass(60_000)
    const early = x.written(x.first) + x.written(second)
    expect(early).toBeLessThan(20)
    await x.pass(1_800_000)
    // At most one write of each in five minutes.
    await x.pass(1_200_000)
    const late = x.written(x.first) + x.written(second)
    await x.pass(1_200_000)
    expect(x.written(x.first) + x.written(second) - late).toBeLessThanOrEqual(10)
    for (const process of [x.first, second]) {
      expect(x.warned(process).length).toBeGreaterThan(0)
      expect(x.warned(process).length).toBeLessThan(200)
    }
    const notes = await x.notes()
    const says = (url: string) => notes.some(note => note.includes(`now it has the URL ${url}/v1/`))
    expect([says(publicURL), says(others)]).toEqual([true, true])
    expect(`${await x.first.metrics()}${await second.metrics()}`).toMatch(
      /receiverhooks_stuck_keys\{controller="receiverhook"\} 1\n/,
    )
  })

  test('has the URL of the one that is left within minutes', async () => {
    const x = await setUp()
    const second = x.startOther()
    await x.pass(600_000)
    await x.first.stop()
    await x.pass(301_000)
    expect(stringAt(await x.hook('web-up'), 'status', 'triggerURL')).toMatch(/^https:\/\/others/)
    await x.pass(60_000)
    expect(await second.metrics()).toContain('receiverhooks_stuck_keys{controller="receiverhook"} 0\n')
  })
})

test('a status of another installation is replaced within seconds, such as one from before a move or from a backup', async () => {
  const x = await setUp()
  const before = await x.hook('web-up')
  await x.first.stop()
  const second = x.startOther()
  await x.until(
    () => x.hook('web-up'),
    hook => stringAt(hook, 'status', 'endpoint')?.startsWith(others) === true,
  )
  await x.pass(60_000)
  const ours = stringAt(await x.hook('web-up'), 'status', 'triggerURL')
  const written = x.written(second)
  await send(x.api, {
    method: 'PATCH',
    path: objectPath(hooks, shop, 'web-up', 'status'),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status: at(before, 'status') }),
  })
  await x.pass(5_000)
  expect(stringAt(await x.hook('web-up'), 'status', 'triggerURL')).toBe(ours)
  expect(x.written(second)).toBe(written + 1)
})
