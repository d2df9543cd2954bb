import { expect, test } from 'vitest'
import { leashedJudge } from '../../../src/environment/expressions/leash.ts'
import { delivery } from './delivery.ts'

test('what nobody ends any more ends by itself', () => {
  const judge = leashedJudge(30)
  const numbers = Array.from({ length: 3000 }, (_, index) => index)
  const hang = 'body.map(x, body.map(y, body.map(z, x == y))).size() == 0'
  expect(() => judge({ expression: hang, variables: delivery(numbers) })).toThrow('timed out after 30ms')
})

test('what ends in time is judged', () => {
  const judge = leashedJudge(10_000)
  expect(judge({ expression: 'body.x == 1', variables: delivery({ x: 1 }) })).toEqual({ counts: true })
  expect(judge({ expression: 'body.x', variables: delivery({ x: 1 }) })).toHaveProperty('failed')
})
