import { describe, expect, it } from 'vitest'
import { matchesGlob, tagRule } from '../../src/drivers/redeploy/tags.ts'
import { fc, property } from '../support/property.ts'

describe('a glob', () => {
  it.each<[string, string, boolean]>([
    ['*', 'main-1', true],
    ['*', '', true],
    ['main-*', 'main-', true],
    ['main-*', 'dev-1', false],
    ['*-rc?', '1.4-rc1', true],
    ['*-rc?', '1.4-rc12', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a*b*c', 'aXcYb', false],
    ['v?.*', 'v1.2', true],
    ['', '', true],
    ['', 'x', false],
    ['x', '', false],
  ])('%j on %j: %s', (glob, text, matches) => {
    expect(matchesGlob(glob, text)).toBe(matches)
  })

  const signs = fc.array(fc.constantFrom('a', 'b', '-', '*', '?'), { maxLength: 8 })
  const texts = fc.array(fc.constantFrom('a', 'b', '-'), { maxLength: 10 })
  property('means the same as its regular expression', [signs, texts], (glob, text) => {
    const expression = new RegExp(`^${glob.map(sign => (sign === '*' ? '.*' : sign === '?' ? '.' : sign)).join('')}$`)
    expect(matchesGlob(glob.join(''), text.join(''))).toBe(expression.test(text.join('')))
  })

  it('of a tenant who means harm takes no time', () => {
    const began = process.cpuUsage()
    for (let round = 0; round < 100; round++) matchesGlob('*a'.repeat(64), 'a'.repeat(127) + 'b')
    const { system, user } = process.cpuUsage(began)
    expect(system + user).toBeLessThan(1_000_000)
  })
})

describe('a rule of tags', () => {
  const wants = (semver: string, tag: string): boolean | undefined => tagRule({ semver })?.wants(tag)

  it.each<[string, string, boolean]>([
    ['~1.4', '1.4.2', true],
    ['~1.4', 'v1.4.2', true],
    ['~1.4', '1.5.0', false],
    ['~1.4', '1.4', false],
    ['~1.4', 'latest', false],
    ['~1.4', '1.4.3-rc.1', false],
    ['>=1.4.0-0', '1.4.3-rc.1', false],
    ['>=1.4.3-0 <1.5', '1.4.3-rc.1', true],
    ['1.x', '01.2.3', false],
    ['*', '1.2.3-linux_amd64', false],
  ])('%s wants %s: %s', (range, tag, wanted) => {
    expect(wants(range, tag)).toBe(wanted)
  })

  it('orders versions as they are written, and takes any for higher than what is none', () => {
    const rule = tagRule({ semver: '*' })
    expect(rule?.order('1.4.10', '1.4.9')).toBe(1)
    expect(rule?.order('v1.4.9', '1.4.9')).toBe(0)
    expect(rule?.order('1.0.0', 'latest')).toBe(1)
    expect(rule?.order('latest', '1.0.0')).toBe(-1)
    // No range takes these tags, but a container may run them.
    expect(rule?.order('1.4.2', '1.4.3_b1')).toBe(-1)
    expect(rule?.order('1.4.3', '1.4.3_b1')).toBe(0)
    expect(rule?.order('1.4.3-rc.1', '1.4.3-rc.2_b1')).toBe(-1)
    expect(rule?.order('1.4.2', '1.5')).toBe(-1)
    expect(rule?.order('1.5.0', 'v1.5-alpine')).toBe(1)
    expect(rule?.order('1.4.2', '1.4.3.7')).toBe(-1)
    expect(rule?.order('1.4.2', '1.4.2.7')).toBe(0)
    expect(rule?.order('1.0.0', '20260101')).toBe(1)
    expect(rule?.order('1.0.0', '9'.repeat(400) + '.1')).toBe(1)
    expect(tagRule({ glob: '*' })?.order('1.0.0', '2.0.0')).toBe(0)
  })

  it.each(['1.2.3.4.5', 'latest', '>=x.y <'])('that is none is undefined: %j', semver => {
    expect(tagRule({ semver })).toBeUndefined()
  })
})
