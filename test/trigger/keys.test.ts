import { describe, expect, it, onTestFinished } from 'vitest'
import type { ApiResponse } from '../../src/environment/environment.ts'
import { currentForMs } from '../../src/kube/currency.ts'
import { formatPublicKeys, signingKey, type SigningKey } from '../../src/token/keys.ts'
import { keySetEntry, publicKeysConfigMap } from '../../src/token/published.ts'
import { publicKeyCache } from '../../src/trigger/keys.ts'
import { settle } from '../support/clock.ts'
import { testEnvironment } from '../support/environment.ts'
import { seededRandom } from '../support/random.ts'
import { answer, scriptedConnection } from '../support/scripted-connection.ts'

const random = seededRandom(3)
const [former, newer] = [signingKey(random.bytes(32)), signingKey(random.bytes(32))]
const namespace = 'receiver-hooks'

const configMap = (resourceVersion: string, ...keys: readonly [SigningKey, ...SigningKey[]]) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: publicKeysConfigMap, namespace, uid: 'uid-1', resourceVersion },
  data: { [keySetEntry]: formatPublicKeys(keys) },
})

/** Returns keys that change without a watch event: they are found by reads alone, each of which waits for its answer. */
const unwatched = () => {
  const answers: ((response: ApiResponse) => void)[] = []
  const api = scriptedConnection(() => new Promise(resolve => answers.push(resolve)))
  const environment = testEnvironment({ api })
  return { answers, clock: environment.clock, keys: publicKeyCache(environment, namespace) }
}

describe('the public keys', () => {
  it('are read once more where the watch has reported a change before an answer that may be older', async () => {
    const answers: ((response: ApiResponse) => void)[] = []
    const connection = scriptedConnection(request =>
      request.path.endsWith(publicKeysConfigMap)
        ? new Promise(resolve => answers.push(resolve))
        : answer(200, { metadata: { resourceVersion: '5' }, items: [configMap('5', newer, former)] }),
    )
    const environment = testEnvironment({ api: connection })
    const keys = publicKeyCache(environment, namespace)
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    void keys.run(stop.signal)
    await settle()
    const known = (set = keys.current()) => [former, newer].map(({ kid }) => set?.find(kid) !== undefined)

    const reading = keys.readAgain()
    await environment.clock.advance(1)
    connection.watching().send({ type: 'MODIFIED', object: configMap('6', newer) })
    await settle()
    answers[0]?.(answer(200, configMap('5', newer, former)))
    await settle()
    expect(known()).toEqual([false, true])

    await environment.clock.advance(1000)
    answers[1]?.(answer(200, configMap('6', newer)))
    expect(known(await reading)).toEqual([false, true])
    expect(known()).toEqual([false, true])
  })

  it('stay those of a live read while the watch reports what was stored before it, as after a pause', async () => {
    const connection = scriptedConnection(request =>
      request.path.endsWith(publicKeysConfigMap)
        ? answer(200, configMap('8', newer))
        : answer(200, { metadata: { resourceVersion: '5' }, items: [configMap('5', former)] }),
    )
    const environment = testEnvironment({ api: connection })
    const keys = publicKeyCache(environment, namespace)
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    void keys.run(stop.signal)
    await settle()
    const reading = keys.readAgain()
    await environment.clock.advance(1)
    await reading
    const versions: (string | undefined)[] = []
    for (const version of ['6', '8', '9']) {
      connection.watching().send({ type: 'MODIFIED', object: configMap(version, newer, former) })
      await settle()
      versions.push(keys.current()?.version)
    }
    expect(versions).toEqual(['uid-1/8', 'uid-1/8', 'uid-1/9'])
  })

  it('are fresh for all who ask during one read as soon as that is answered, and not a second later', async () => {
    const { answers, clock, keys } = unwatched()
    expect(keys.fresh()).toBe(false)
    const first = keys.readRecent()
    await clock.advance(3)
    const second = keys.readRecent()
    const newest = keys.readAgain()
    await settle()
    expect(answers).toHaveLength(1)
    answers[0]?.(answer(200, configMap('5', former)))
    expect(await second).toBe(await first)
    expect(keys.fresh()).toBe(true)

    await clock.advance(997)
    answers[1]?.(answer(200, configMap('6', newer)))
    expect((await newest)?.find(newer.kid)).toBeDefined()
  })

  it('are not taken from a read that has been under way for long, as where the process stood still', async () => {
    const { answers, clock, keys } = unwatched()
    const before = keys.readRecent()
    await clock.advance(currentForMs)
    const after = keys.readRecent()
    await clock.advance(1)
    answers[0]?.(answer(200, configMap('5', former)))
    answers[1]?.(answer(200, configMap('6', newer)))
    expect((await before)?.find(former.kid)).toBeDefined()
    expect((await after)?.find(former.kid)).toBeUndefined()
    expect((await after)?.find(newer.kid)).toBeDefined()
  })

  it('are read once more for a caller that asked during a read that failed', async () => {
    const { answers, clock, keys } = unwatched()
    const first = keys.readRecent()
    await clock.advance(3)
    const second = keys.readRecent()
    answers[0]?.(answer(500, {}))
    await expect(first).rejects.toThrow('500')
    await clock.advance(1000)
    answers[1]?.(answer(200, configMap('5', former)))
    expect((await second)?.find(former.kid)).toBeDefined()
  })
})
