import { describe, expect, it } from 'vitest'
import { celRules } from '../../apiserver/cel.ts'
import { scalableKinds } from '../../src/kube/resources.ts'
import { pluralInCel, pluralOf } from '../../src/kube/plural.ts'

describe('the resource of a kind', () => {
  it.each([
    ['Deployment', 'deployments'],
    ['Rollout', 'rollouts'],
    ['Ingress', 'ingresses'],
    ['Mailbox', 'mailboxes'],
    ['Patch', 'patches'],
    ['Proxy', 'proxies'],
    ['Gateway', 'gateways'],
    ['HTTPRoute', 'httproutes'],
    ['Y', 'ys'],
    ['', 's'],
  ])('%s is %s, in TypeScript and in CEL', (kind, resource) => {
    expect(pluralOf(kind)).toBe(resource)
    expect(celRules(`(${pluralInCel('self')}) == '${resource}'`)(kind, null)).toBe(true)
  })

  it('is what the kinds that can be scaled are served as', () => {
    expect(scalableKinds.map(({ kind }) => pluralOf(kind))).toEqual(scalableKinds.map(({ resource }) => resource))
  })
})
