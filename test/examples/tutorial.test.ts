import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { monitoringImages } from '../../scripts/cluster/parts.ts'
import { milliseconds } from '../../src/api/duration.ts'
import { at, stringAt } from '../../src/api/json.ts'
import { apiVersion } from '../../src/api/names.ts'
import { crds } from '../../src/drivers/registry.ts'
import { ask, crds as crdPath } from '../apiserver/ask.ts'
import { kindOf, listAt, nameOf, objectsIn } from '../deploy/manifests.ts'

const objects = (file: string): readonly unknown[] =>
  objectsIn(readFileSync(`deploy/examples/tutorial/${file}.yaml`, 'utf8'))
const find = (file: string, kind: string, name: string): unknown =>
  objects(file).find(object => kindOf(object) === kind && nameOf(object) === name)
const inConfigMap = (name: string, key: string): unknown =>
  parse(stringAt(find('prometheus', 'ConfigMap', name), 'data', key) ?? '', { strict: true })

const ownRules = (): unknown => inConfigMap('prometheus', 'rules.yml')
const operatorRules = (): unknown => at(find('operator', 'PrometheusRule', 'web'), 'spec')
const alerts = (rules: unknown): readonly unknown[] => listAt(rules, 'groups').flatMap(group => listAt(group, 'rules'))
const threshold = (rules: unknown, alert: string): number => {
  const rule = alerts(rules).find(candidate => stringAt(candidate, 'alert') === alert)
  return Number(/[<>] (\d+)/.exec(stringAt(rule, 'expr') ?? '')?.[1])
}

describe('the tutorial', () => {
  it('runs the versions of Prometheus and Alertmanager that it is tested with', () => {
    const images = objects('prometheus').flatMap(object =>
      listAt(object, 'spec', 'template', 'spec', 'containers').map(container => stringAt(container, 'image')),
    )
    expect(images).toEqual(Object.values(monitoringImages()))
  })

  it('leaves the count of web to its hooks', () => {
    expect(at(find('shop', 'Deployment', 'web'), 'spec', 'replicas')).toBeUndefined()
  })

  it.each(['web-up', 'web-down'])('has the hook %s, which the API server takes', name => {
    const { post } = ask()
    for (const crd of crds) expect(post(crdPath, crd).status).toBe(201)
    const path = `/apis/${apiVersion}/namespaces/shop/receiverhooks`
    post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
    const hook = find('shop', 'ReceiverHook', name)
    expect(post(path, hook, { fieldValidation: 'Strict' })).toMatchObject({ status: 201 })
    expect(stringAt(hook, 'spec', 'scale', 'target', 'name')).toBe('web')
  })

  it.each([
    ['its own Prometheus', ownRules],
    ['the operator', operatorRules],
  ])('has thresholds for %s that do not take turns', (_, rules) => {
    expect(threshold(rules(), 'WebIdle')).toBeLessThan(threshold(rules(), 'WebBusy') / 2)
  })

  it('asks the same of both', () => {
    const normal = (rules: unknown): readonly string[] =>
      alerts(rules).map(
        rule => `${stringAt(rule, 'expr')?.replaceAll('{namespace="shop"}', '')} for ${stringAt(rule, 'for')}`,
      )
    expect(normal(operatorRules())).toEqual(normal(ownRules()))
  })

  it('repeats an alert a little more often than its group is flushed, and later than a hook takes it for the same', () => {
    const route = at(inConfigMap('alertmanager', 'alertmanager.yml'), 'route')
    const ms = (text: unknown): number => (typeof text === 'string' ? (milliseconds(text) ?? Number.NaN) : Number.NaN)
    const [interval, repeat] = [ms(at(route, 'group_interval')), ms(at(route, 'repeat_interval'))]
    expect(repeat).toBeLessThan(interval)
    expect(repeat).toBeGreaterThan(interval / 2)
    const operator = at(find('operator', 'AlertmanagerConfig', 'web'), 'spec', 'route')
    expect([ms(at(operator, 'groupInterval')), ms(at(operator, 'repeatInterval'))]).toEqual([interval, repeat])
    for (const name of ['web-up', 'web-down']) {
      expect(ms(at(find('shop', 'ReceiverHook', name), 'spec', 'dedupeWindow'))).toBeLessThan(interval)
    }
  })

  it('settles with the load that it names: four crowds need four pods, one needs two', () => {
    const [busy, idle] = [threshold(ownRules(), 'WebBusy'), threshold(ownRules(), 'WebIdle')]
    const settled = (visits: number, pods: number): number => {
      if (visits / pods > busy) return settled(visits, pods + 1)
      return visits / pods < idle && pods > 1 ? settled(visits, pods - 1) : pods
    }
    // What is measured is a little more or less than that, and must not tip it.
    for (const measured of [0.95, 1, 1.05]) {
      expect([settled(40 * measured, 1), settled(10 * measured, 4), settled(10 * measured, 1)]).toEqual([4, 2, 1])
    }
  })
})
