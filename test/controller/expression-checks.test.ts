import { describe, expect, test } from 'vitest'
import { at, stringAt } from '../../src/api/json.ts'
import { expressionChecks } from '../../src/controller/expression-checks.ts'
import type { Checked, ExpressionCheck, Expressions } from '../../src/environment/environment.ts'
import { create } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { settle } from '../support/clock.ts'
import { noExpressions, testEnvironment } from '../support/environment.ts'
import { installation, readyReason, shop, trueConditions } from './installation.ts'

/** Checks that end when the test says so, in any order. */
const scripted = () => {
  const asked: (ExpressionCheck & { readonly answer: (checked: Checked) => Promise<void> })[] = []
  const expressions: Expressions = {
    ...noExpressions,
    check: check =>
      new Promise(resolve => {
        asked.push({ ...check, answer: async checked => (resolve(checked), await settle()) })
      }),
  }
  return { asked, expressions }
}

const setUp = () => {
  const { asked, expressions } = scripted()
  const environment = testEnvironment({ expressions })
  const known: string[] = []
  const checks = expressionChecks(environment, key => known.push(key))
  const texts = () => asked.map(({ expression, owner }) => `${owner}: ${expression}`)
  return { ...environment, asked, checks, known, texts }
}

describe('the check of an expression', () => {
  test('is pending, and what was found is there when the hook is looked at again', async () => {
    const { asked, checks, known } = setUp()
    expect(checks.problemOf('shop/a', 'shop', 'body.x')).toBe('pending')
    expect(checks.problemOf('shop/b', 'shop', 'bodi.x')).toBe('pending')
    await asked[1]?.answer({ mistake: 'there is no variable bodi (line 1, column 1)' })
    expect(known).toEqual(['shop/b'])
    expect(checks.problemOf('shop/b', 'shop', 'bodi.x')).toEqual({
      reason: 'InvalidExpression',
      message: 'spec.when: there is no variable bodi (line 1, column 1)',
      lasts: 'stalled',
    })
    await asked[0]?.answer({ sound: true })
    expect(known).toEqual(['shop/b', 'shop/a'])
    expect(checks.problemOf('shop/a', 'shop', 'body.x')).toBe('sound')
  })

  test('is made once for all hooks of a namespace that have the same text, and again for another namespace', async () => {
    const { asked, checks, known, texts } = setUp()
    checks.problemOf('shop/a', 'shop', 'x')
    checks.problemOf('shop/b', 'shop', 'x')
    // Who copies a text into a namespace where much is waiting makes nobody else wait there.
    checks.problemOf('other/c', 'other', 'x')
    expect(texts()).toEqual(['shop: x', 'other: x'])
    await asked[0]?.answer({ sound: true })
    expect(known).toEqual(['shop/a', 'shop/b'])
    expect(checks.problemOf('third/d', 'third', 'x')).toBe('sound')
    expect(texts()).toHaveLength(2)
  })

  test('that ran over stalls the hook, and is made again after ten minutes alone', async () => {
    const { asked, checks, clock } = setUp()
    checks.problemOf('shop/a', 'shop', 'slow')
    await asked[0]?.answer({ ranOver: 'the expression took longer than 200 ms' })
    const message =
      'spec.when: it could not be checked, the expression took longer than 200 ms: write it with fewer brackets and operators'
    const problem = { reason: 'InvalidExpression', message, lasts: 'stalled' }
    expect(checks.problemOf('shop/a', 'shop', 'slow')).toEqual(problem)
    await clock.advance(599_999)
    expect(checks.problemOf('shop/a', 'shop', 'slow')).toEqual(problem)
    await clock.advance(1)
    expect(checks.problemOf('shop/a', 'shop', 'slow')).toBe('pending')
    await clock.advance(86_400_000)
    await asked[1]?.answer({ sound: true })
    await clock.advance(86_400_000)
    expect(checks.problemOf('shop/a', 'shop', 'slow')).toBe('sound')
  })

  test('that could not be made is tried again, less and less often, until it is closed', async () => {
    const { asked, checks, clock, known, lines } = setUp()
    checks.problemOf('shop/a', 'shop', 'x')
    const unavailable = { unavailable: 'the process that evaluates expressions was stopped' }
    await asked[0]?.answer(unavailable)
    await clock.advance(999)
    expect(asked).toHaveLength(1)
    await clock.advance(1)
    await asked[1]?.answer(unavailable)
    await clock.advance(1999)
    expect(asked).toHaveLength(2)
    await clock.advance(1)
    expect(asked).toHaveLength(3)
    expect(known).toEqual([])
    expect(lines.filter(line => line.includes('an expression has not been checked yet'))).toHaveLength(2)
    await asked[2]?.answer(unavailable)
    checks.close()
    await clock.advance(60_000)
    expect(asked).toHaveLength(3)
    expect(clock.pending).toBe(0)
  })

  test('is remembered of a bounded number of texts, those of which hooks were looked at last', async () => {
    const { asked, checks } = setUp()
    for (let text = 0; text < 10_001; text++) checks.problemOf('shop/a', 'shop', `x${text}`)
    for (const { answer } of asked.slice(0, 10_000)) void answer({ sound: true })
    await settle()
    expect(checks.problemOf('shop/a', 'shop', 'x0')).toBe('sound')
    await asked[10_000]?.answer({ sound: true })
    expect(checks.problemOf('shop/a', 'shop', 'x0')).toBe('sound')
    expect(checks.problemOf('shop/a', 'shop', 'x1')).toBe('pending')
  })
})

describe('a controller', () => {
  test('publishes the URLs of other hooks while the checks of a hundred do not end', async () => {
    const x = await installation()
    await x.createDeployment('web')
    for (let hook = 0; hook < 100; hook++) await x.createHook(`bad-${hook}`, { when: `x == ${hook}` })
    await x.createHook('good')
    const { asked, expressions } = scripted()
    x.start('first', { expressions })
    await x.becomes('good', 'Valid')
    expect(asked).toHaveLength(100)
    expect(readyReason(await x.hook('bad-0'))).toBeUndefined()
    await asked.find(({ expression }) => expression === 'x == 0')?.answer({ mistake: 'there is no variable x' })
    const bad = await x.becomes('bad-0', 'InvalidExpression')
    expect(trueConditions(bad)).toContain('Stalled')
    expect(stringAt(bad, 'status', 'token')).toBeDefined()
  })

  test('checks an expression once when its hook is reconciled again', async () => {
    const x = await installation()
    await x.createDeployment('web')
    await x.createHook('web-up', { when: 'body.x == 1' })
    const { asked, expressions } = scripted()
    x.start('first', { expressions })
    await x.until(
      () => Promise.resolve(asked.length),
      count => count === 1,
    )
    await asked[0]?.answer({ sound: true })
    await x.becomes('web-up', 'Valid')
    await x.patchHook('web-up', { spec: { suspend: true } })
    const again = await x.reconciled('web-up')
    expect(at(again, 'status', 'observedGeneration')).toBe(2)
    await x.pass(600_000)
    expect(asked).toHaveLength(1)
  })

  describe('that cannot check an expression', () => {
    const restarted = async (token: object = {}) => {
      const x = await installation()
      await x.createDeployment('web')
      await x.createHook('web-up', { when: 'true', token })
      const first = x.start()
      const hook = await x.becomes('web-up', 'Valid')
      await first.stop()
      const { asked, expressions } = scripted()
      const process = x.start('second', { expressions })
      await x.until(
        () => Promise.resolve(asked.length),
        count => count === 1,
      )
      return { ...x, asked, process, token: stringAt(hook, 'status', 'token') }
    }

    test('rotates the URL, and says nothing of the new spec until the check ends', async () => {
      const x = await restarted()
      await x.pass(600_000)
      expect(x.process.writes.filter(write => write.endsWith('/status'))).toEqual([])
      await x.patchHook('web-up', { spec: { token: { rotation: 1 } } })
      const rotated = await x.until(
        () => x.hook('web-up'),
        hook => at(hook, 'status', 'minted', 'rotation') === 1,
      )
      expect(stringAt(rotated, 'status', 'token')).not.toBe(x.token)
      expect(at(rotated, 'status', 'minted', 'previous', 'rotation')).toBe(0)
      expect([at(rotated, 'status', 'observedGeneration'), readyReason(rotated)]).toEqual([1, 'Valid'])
      await x.pass(600_000)
      expect((await x.hook('web-up')).metadata.resourceVersion).toBe(rotated.metadata.resourceVersion)
      expect(await x.process.metrics()).toContain('receiverhooks_hooks{ready="Unknown",reason="Pending"} 1')
      await x.asked[0]?.answer({ sound: true })
      expect(readyReason(await x.reconciled('web-up'))).toBe('Valid')
    })

    test('gives a new hook its URL, and no condition', async () => {
      const x = await restarted()
      await x.createHook('new', { when: 'true' })
      const hook = await x.until(
        () => x.hook('new'),
        seen => stringAt(seen, 'status', 'triggerURL') !== undefined,
      )
      expect([at(hook, 'status', 'observedGeneration'), at(hook, 'status', 'conditions')]).toEqual([-1, undefined])
      await x.asked[0]?.answer({ sound: true })
      await x.becomes('new', 'Valid')
    })

    test('replaces a URL before it expires', async () => {
      const x = await restarted({ expiresAfter: '1h', overlap: '10m' })
      await x.pass(51 * 60_000)
      expect(stringAt(await x.hook('web-up'), 'status', 'token')).not.toBe(x.token)
    })

    test('says that a Secret is not the hook’s', async () => {
      const x = await restarted()
      await create(x.api, secrets, shop, { metadata: { name: 'web-url' } })
      await x.patchHook('web-up', { spec: { token: { secretName: 'web-url' } } })
      expect(trueConditions(await x.becomes('web-up', 'SecretConflict'))).toEqual(['Stalled'])
    })
  })
})
