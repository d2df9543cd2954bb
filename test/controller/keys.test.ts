import { describe, expect, test } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { create, read, send } from '../../src/kube/requests.ts'
import { configMaps, secrets } from '../../src/kube/resources.ts'
import { formatPublicKeys, formatSigningKeys, signingKey, type SigningKeys } from '../../src/token/keys.ts'
import {
  keySetEntry,
  publicKeysConfigMap,
  secretVersionAnnotation,
  signingKeysSecret,
} from '../../src/token/published.ts'
import { KeyKeeper } from '../../src/controller/keys.ts'
import type { ApiConnection, ApiRequest } from '../../src/environment/environment.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'
import { installation, system, type Process } from './installation.ts'

const key = (byte: number) => signingKey(new Uint8Array(32).fill(byte))

const encoded = (keys: SigningKeys): object => ({
  [keySetEntry]: Buffer.from(formatSigningKeys(keys)).toString('base64'),
})

const withHook = async () => {
  const x = await installation()
  await x.createDeployment('web')
  await x.createHook('web-up')
  const token = async () => stringAt(await x.hook('web-up'), 'status', 'token')
  const secret = () => read(x.api, secrets, system, signingKeysSecret)
  const configMap = () => read(x.api, configMaps, system, publicKeysConfigMap)
  const published = async () => stringAt(at(await configMap(), 'data'), keySetEntry)
  const newToken = (than: string | undefined) => x.until(token, seen => seen !== undefined && seen !== than)
  const patch = (type: typeof secrets, name: string, body: object) =>
    send(x.api, {
      method: 'PATCH',
      path: objectPath(type, system, name),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(body),
    })
  return { ...x, token, secret, configMap, published, newToken, patch }
}

/** Returns what a process says of its signing keys in its metrics, or undefined if it says nothing. */
const usable = async (process: Process): Promise<string | undefined> =>
  /^receiverhooks_signing_keys_usable (\S+)$/m.exec(await process.metrics())?.[1]

describe('the signing keys', () => {
  test('are made at the very first start, published from their Secret, without an Event', async () => {
    const x = await withHook()
    x.start()
    await x.becomes('web-up', 'Valid')
    const secret = await x.secret()
    const configMap = await x.configMap()
    expect(configMap?.metadata.annotations?.[secretVersionAnnotation]).toBe(secret?.metadata.resourceVersion)
    expect(await x.published()).not.toContain('"d"')
    expect(await x.events()).toEqual([])
  })

  test('that a person brought are used as they are', async () => {
    const x = await withHook()
    const mine: SigningKeys = [key(7)]
    await create(x.api, secrets, system, { metadata: { name: signingKeysSecret }, data: encoded(mine) })
    x.start()
    await x.becomes('web-up', 'Valid')
    expect(await x.published()).toBe(formatPublicKeys(mine))
    expect(await x.events()).toEqual([])
  })

  test('whose Secret is deleted are replaced: new keys, new URLs, and one Event, of however many controllers', async () => {
    const x = await withHook()
    x.start('one')
    x.start('two')
    await x.becomes('web-up', 'Valid')
    const old = await x.token()
    const keys = await x.published()
    await x.remove(secrets, system, signingKeysSecret)
    const token = await x.newToken(old)
    await x.pass(60_000)
    expect(await x.published()).not.toBe(keys)
    expect(await x.verify(token)).toMatchObject({ verdict: 'valid' })
    expect(await x.verify(old)).toMatchObject({ verdict: 'unknown key' })
    expect(await x.events()).toEqual(['SigningKeysReplaced'])
  })

  test('whose Secret was deleted while nothing ran are replaced at the start, with one Event', async () => {
    const x = await withHook()
    const first = x.start()
    await x.becomes('web-up', 'Valid')
    const old = await x.token()
    await first.stop()
    await x.remove(secrets, system, signingKeysSecret)
    x.start('second')
    await x.newToken(old)
    await x.pass(60_000)
    expect(await x.events()).toEqual(['SigningKeysReplaced'])
  })

  test('whose Secret and ConfigMap are both deleted while a controller runs are replaced, with one Event', async () => {
    const x = await withHook()
    x.start()
    await x.becomes('web-up', 'Valid')
    const old = await x.token()
    await x.remove(configMaps, system, publicKeysConfigMap)
    await x.remove(secrets, system, signingKeysSecret)
    expect(await x.verify(await x.newToken(old))).toMatchObject({ verdict: 'valid' })
    await x.pass(5000)
    expect(await x.events()).toEqual(['SigningKeysReplaced'])
  })

  test.each([
    ['deleted', async (x: Awaited<ReturnType<typeof withHook>>) => x.remove(configMaps, system, publicKeysConfigMap)],
    [
      'altered',
      async (x: Awaited<ReturnType<typeof withHook>>) => {
        await x.patch(configMaps, publicKeysConfigMap, {
          data: { [keySetEntry]: formatPublicKeys([key(9)]), mine: 'stays' },
        })
      },
    ],
    [
      'altered by a product of another history, whose versions were higher',
      async (x: Awaited<ReturnType<typeof withHook>>) => {
        const annotations = { [secretVersionAnnotation]: '999999999' }
        await x.patch(configMaps, publicKeysConfigMap, { metadata: { annotations }, data: { [keySetEntry]: '{}' } })
      },
    ],
  ])('are published again when their ConfigMap is %s, with an Event; no URL changes', async (_, harm) => {
    const x = await withHook()
    const process = x.start()
    await x.becomes('web-up', 'Valid')
    const [old, keys, writes] = [await x.token(), await x.published(), process.writes.length]
    await harm(x)
    await x.until(x.published, seen => seen === keys)
    await x.pass(10_000)
    expect(await x.token()).toBe(old)
    // The ConfigMap and the Event.
    expect(process.writes).toHaveLength(writes + 2)
    expect(await x.events()).toEqual(['PublicKeysRestored'])
  })

  test('are published again at the start where somebody has changed them while nothing ran, with an Event', async () => {
    const x = await withHook()
    const first = x.start()
    await x.becomes('web-up', 'Valid')
    const before = await x.published()
    await first.stop()
    await x.patch(configMaps, publicKeysConfigMap, { data: { [keySetEntry]: formatPublicKeys([key(9)]) } })
    x.start('second')
    await x.until(x.published, seen => seen === before)
    await x.pass(5000)
    expect(await x.events()).toEqual(['PublicKeysRestored'])
  })

  test('that nobody can read are left alone, and one Event and one log line say so without their content', async () => {
    const x = await withHook()
    const data = { [keySetEntry]: Buffer.from('{"keys":[{"secret":"precious"}]}').toString('base64') }
    const broken = await create(x.api, secrets, system, { metadata: { name: signingKeysSecret }, data })
    const process = x.start()
    await x.pass(700_000)
    expect((await x.secret())?.metadata.resourceVersion).toBe(broken.metadata.resourceVersion)
    expect(await x.token()).toBeUndefined()
    expect(await x.events()).toEqual(['SigningKeysUnreadable'])
    expect(process.lines.filter(line => line.includes("can't read the signing keys"))).toHaveLength(1)
    expect(process.lines.join()).not.toContain('precious')
    await x.patch(secrets, signingKeysSecret, { data: encoded([key(1)]) })
    expect(await x.verify(await x.newToken(undefined))).toMatchObject({ verdict: 'valid' })
  })

  test('that become unreadable while they are used are used on', async () => {
    const x = await withHook()
    x.start()
    await x.becomes('web-up', 'Valid')
    const old = await x.token()
    await x.patch(secrets, signingKeysSecret, { data: { [keySetEntry]: 'AAAA' } })
    await x.pass(10_000)
    await x.createHook('late')
    const late = await x.becomes('late', 'Valid')
    expect(await x.verify(stringAt(late, 'status', 'token'))).toMatchObject({ verdict: 'valid' })
    expect(await x.token()).toBe(old)
  })

  test('are usable says the leader alone, for as long as it has them from their Secret', async () => {
    const x = await withHook()
    const leader = x.start('one')
    await x.becomes('web-up', 'Valid')
    const other = x.start('two')
    await x.pass(10_000)
    expect([await usable(leader), await usable(other)]).toEqual(['1', undefined])
    const good = await x.secret()
    await x.patch(secrets, signingKeysSecret, { data: { [keySetEntry]: 'AAAA' } })
    await x.pass(5000)
    expect(await usable(leader)).toBe('0')
    await x.patch(secrets, signingKeysSecret, { data: at(good, 'data') })
    await x.pass(5000)
    expect(await usable(leader)).toBe('1')
    await leader.stop()
    await x.pass(30_000)
    expect([await usable(leader), await usable(other)]).toEqual([undefined, '1'])
  })

  test('that nobody can read are not usable, says the leader from its start', async () => {
    const x = await withHook()
    await create(x.api, secrets, system, { metadata: { name: signingKeysSecret }, data: { [keySetEntry]: 'AAAA' } })
    const leader = x.start()
    await x.pass(10_000)
    expect(await usable(leader)).toBe('0')
    // It leads, and it is ready: nothing else says it.
    expect(await leader.metrics()).toContain('leader_election_master_status{name="receiver-hooks-controller"} 1')
    expect(leader.ready()).toBe(true)
    expect(await leader.metrics()).not.toContain('controller_runtime_reconcile_errors_total{controller="signing-keys"}')
  })

  test('that the API server does not let it read or publish are not usable', async () => {
    const x = await withHook()
    let refuses = true
    const leader = x.start('one', {
      before: ({ method, path }) =>
        refuses && method === 'POST' && path.endsWith('/configmaps')
          ? Promise.resolve({ status: 403, headers: {}, body: '{"kind":"Status","code":403,"message":"no"}' })
          : undefined,
    })
    await x.pass(10_000)
    expect(await usable(leader)).toBe('0')
    refuses = false
    await x.pass(60_000)
    expect(await usable(leader)).toBe('1')
  })

  test('are rotated without a moment in which a URL is refused: published, then signing, then dropped', async () => {
    const x = await withHook()
    const [old, next] = [key(1), key(2)]
    await create(x.api, secrets, system, { metadata: { name: signingKeysSecret }, data: encoded([old]) })
    x.start()
    await x.becomes('web-up', 'Valid')
    const first = await x.token()

    await x.patch(secrets, signingKeysSecret, { data: encoded([old, next]) })
    await x.pass(10_000)
    expect(await x.published()).toBe(formatPublicKeys([old, next]))
    expect(await x.token()).toBe(first)

    await x.patch(secrets, signingKeysSecret, { data: encoded([next, old]) })
    const second = await x.newToken(first)
    expect(await x.verify(first)).toMatchObject({ verdict: 'valid' })
    expect(await x.verify(second)).toMatchObject({ verdict: 'valid' })

    await x.patch(secrets, signingKeysSecret, { data: encoded([next]) })
    await x.pass(10_000)
    expect(await x.token()).toBe(second)
    expect(await x.verify(first)).toEqual({ verdict: 'unknown key', kid: old.kid })
    expect(await x.events()).toEqual([])
  })
})

describe('two keepers of the keys', () => {
  /** Returns a keeper whose requests may be held up. */
  const keeperOn = (
    x: Awaited<ReturnType<typeof withHook>>,
    seed: number,
    before?: (r: ApiRequest) => Promise<void>,
  ) => {
    const request: ApiConnection['request'] = async request => {
      await before?.(request)
      return await x.api.request(request)
    }
    const environment = { ...testEnvironment(), random: seededRandom(seed), api: { ...x.api, request } }
    const emitted: string[] = []
    const keeper = new KeyKeeper(environment, system, { emit: ({ reason }) => emitted.push(reason) }, () => {})
    return { reconcile: () => keeper.reconcile(), ring: () => keeper.ring(), emitted }
  }

  test('that both find nothing end with the keys of one', async () => {
    const x = await withHook()
    const keepers = [keeperOn(x, 1), keeperOn(x, 2)]
    await Promise.allSettled(keepers.map(keeper => keeper.reconcile()))
    await Promise.all(keepers.map(keeper => keeper.reconcile()))
    const [one, two] = keepers.map(keeper => keeper.ring()?.signing.kid)
    expect(one).toBeDefined()
    expect(one).toBe(two)
    expect(await x.published()).toContain(one)
    expect(keepers.flatMap(keeper => keeper.emitted)).toEqual([])
  })

  test('that both find the Secret deleted make it once, with one Event', async () => {
    const x = await withHook()
    const keepers = [keeperOn(x, 1), keeperOn(x, 2)]
    await keepers[0]?.reconcile()
    await keepers[1]?.reconcile()
    const before = keepers[0]?.ring()?.signing.kid
    await x.remove(secrets, system, signingKeysSecret)
    await Promise.allSettled(keepers.map(keeper => keeper.reconcile()))
    await Promise.all(keepers.map(keeper => keeper.reconcile()))
    const [one, two] = keepers.map(keeper => keeper.ring()?.signing.kid)
    expect(one).toBe(two)
    expect(one).not.toBe(before)
    expect(keepers.flatMap(keeper => keeper.emitted)).toEqual(['SigningKeysReplaced'])
  })

  test('put no key set over one from a newer Secret, however long one of them was held up', async () => {
    const x = await withHook()
    const [old, next, last] = [key(1), key(2), key(3)]
    await create(x.api, secrets, system, { metadata: { name: signingKeysSecret }, data: encoded([old]) })
    await keeperOn(x, 1).reconcile()
    await x.patch(secrets, signingKeysSecret, { data: encoded([old, next]) })
    const slow = keeperOn(x, 2, async ({ method }) => {
      if (method !== 'PUT' || (await x.published()) !== formatPublicKeys([old])) return
      await x.patch(secrets, signingKeysSecret, { data: encoded([next, last]) })
      await keeperOn(x, 3).reconcile()
    })
    await expect(slow.reconcile()).rejects.toThrow('409')
    expect(await x.published()).toBe(formatPublicKeys([next, last]))
    expect(slow.ring()).toBeUndefined()
    await slow.reconcile()
    expect(slow.ring()?.signing.kid).toBe(next.kid)
  })
})

test('keys without a problem are read again within a minute, without any event of a watch', async () => {
  const x = await installation()
  const { requests } = x.start()
  const looks = () => requests.filter(({ path }) => path.endsWith(`/secrets/${signingKeysSecret}`)).length
  await x.until(
    async () => looks(),
    count => count > 0,
  )
  const before = looks()
  await x.pass(61_000)
  expect(looks()).toBeGreaterThan(before)
})
