import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { at, stringAt } from '../../src/api/json.ts'
import { blocksIn, kindOf, listAt, nameOf, objectsIn } from '../deploy/manifests.ts'
import { endpointPath, hooksPath } from '../../src/token/published.ts'
import { chart, helm, withImage } from '../support/helm.ts'

const folder = 'deploy/examples/way-in'
const page = 'docs/how-to/let-the-world-in.md'
const objectsOf = (file: string): readonly unknown[] => objectsIn(readFileSync(`${folder}/${file}.yaml`, 'utf8'))
const rendered = async (...args: readonly string[]): Promise<readonly unknown[]> => {
  const { code, stderr, stdout } = await helm(
    'template',
    'receiver-hooks',
    chart,
    ...withImage,
    '-n',
    'receiver-hooks',
    ...args,
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return objectsIn(stdout)
}
const find = (objects: readonly unknown[], kind: string, name = 'receiver-hooks-trigger'): unknown =>
  objects.find(object => kindOf(object) === kind && nameOf(object) === name)

it('the chart with the values of the example makes the Ingress of the example', async () => {
  const made = find(await rendered('--values', `${folder}/values.yaml`), 'Ingress')
  const shown = find(objectsOf('ingress'), 'Ingress')
  expect(at(made, 'spec')).toEqual(at(shown, 'spec'))
  expect(at(made, 'metadata', 'annotations')).toEqual(at(shown, 'metadata', 'annotations'))
})

it('the chart makes the HTTPRoute of the example, and the Gateway has a listener for its host', async () => {
  const objects = objectsOf('gateway')
  const gateway = objects.find(object => kindOf(object) === 'Gateway')
  const route = find(objects, 'HTTPRoute')
  const sets = [
    'httpRoute.enabled=true',
    `httpRoute.parentRefs[0].name=${nameOf(gateway)}`,
    'httpRoute.hostnames[0]=hooks.example.com',
  ].flatMap(value => ['--set', value])
  expect(at(find(await rendered(...sets), 'HTTPRoute'), 'spec')).toEqual(at(route, 'spec'))
  const [listener] = listAt(gateway, 'spec', 'listeners')
  expect(listAt(route, 'spec', 'hostnames')).toEqual([stringAt(listener, 'hostname')])
})

const componentOf = (name: string): readonly unknown[] =>
  objectsIn(readFileSync(`deploy/kustomize/components/${name}/${name}.yaml`, 'utf8'))

const byChart = ['httpRoute.enabled=true', 'httpRoute.parentRefs[0].name=hooks'].flatMap(value => ['--set', value])

// Argo CD compares lists as they are stored. A member that the API server fills in would differ for ever.
it.each([
  ['of the example', () => objectsOf('gateway')],
  ['of the component', () => componentOf('http-route')],
  ['of the chart', () => rendered(...byChart)],
])('the HTTPRoute %s has what the Gateway API would fill in', async (_what, objects) => {
  const route = find(await objects(), 'HTTPRoute')
  expect(listAt(route, 'spec', 'parentRefs')).toMatchObject([{ group: 'gateway.networking.k8s.io', kind: 'Gateway' }])
  expect(listAt(listAt(route, 'spec', 'rules')[0], 'backendRefs')).toMatchObject([
    { group: '', kind: 'Service', weight: 1 },
  ])
})

it('the HTTPRoute of the chart keeps what its values say of a parent', async () => {
  const parent = { group: '', kind: 'Service', name: 'mesh', namespace: 'shop' }
  const values = `httpRoute.parentRefs=${JSON.stringify([parent])}`
  const made = await rendered('--set', 'httpRoute.enabled=true', '--set-json', values)
  expect(listAt(find(made, 'HTTPRoute'), 'spec', 'parentRefs')).toEqual([parent])
})

// Traefik compares the path of an Ingress as plain text: `/v1/trigger/` there is no prefix of `/v1/trigger`.
it.each([
  ['the Ingress of the example', objectsOf('ingress')],
  ['the HTTPRoute of the example', objectsOf('gateway')],
  ['the component ingress', componentOf('ingress')],
  ['the component http-route', componentOf('http-route')],
])('%s lets in the post with its token in a header, and all other posts', (_what, objects) => {
  const paths = objects
    .flatMap(object => listAt(object, 'spec', 'rules'))
    .flatMap(rule => [
      ...listAt(rule, 'http', 'paths').map(path => stringAt(path, 'path') ?? ''),
      ...listAt(rule, 'matches').map(match => stringAt(match, 'path', 'value') ?? ''),
    ])
  expect(paths).toHaveLength(2)
  const isIn = (url: string): boolean => paths.some(path => url.startsWith(path))
  for (const url of [endpointPath, `${endpointPath}/TOKEN`, `${hooksPath}shop/web-up`])
    expect([url, isIn(url)]).toEqual([url, true])
  for (const url of ['/', '/metrics', '/readyz', '/v1/', '/v1/other']) expect([url, isIn(url)]).toEqual([url, false])
})

it('the values of the example let posts in from the namespaces that they name and the pod of helm test alone', async () => {
  const policy = find(await rendered('--values', `${folder}/values.yaml`), 'NetworkPolicy')
  const posts = listAt(policy, 'spec', 'ingress').find(rule => stringAt(listAt(rule, 'ports')[0], 'port') === 'posts')
  const named = listAt(parse(readFileSync(`${folder}/values.yaml`, 'utf8')), 'networkPolicy', 'postsFrom')
  expect(named).toHaveLength(2)
  expect(listAt(posts, 'from').slice(0, 2)).toEqual(named)
  expect(
    listAt(posts, 'from')
      .slice(2)
      .map(peer => at(peer, 'podSelector', 'matchLabels', 'app.kubernetes.io/component')),
  ).toEqual(['test'])
})

it('the host of the examples is the host of the public URL', () => {
  const [values] = objectsOf('values')
  expect(`https://${stringAt(values, 'ingress', 'host')}`).toBe(stringAt(values, 'publicURL'))
})

it('the page shows the examples as they are', () => {
  const shown = blocksIn(page, 'yaml')
  const shownOf = (file: string): string => readFileSync(`${folder}/${file}.yaml`, 'utf8')
  expect(shown.slice(0, 2)).toEqual([shownOf('values'), shownOf('gateway')])
})
