import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/api/json.ts'
import { strategicMerge } from '../../apiserver/strategic.ts'
import {
  ask,
  configMap,
  configMaps,
  deployment,
  deployments,
  versionOf,
  widget,
  widgetCrd,
  widgets,
  crds,
} from './ask.ts'

describe('a JSON Patch', () => {
  it.each<[string, object[], object]>([
    ['adds', [{ op: 'add', path: '/data/y', value: '2' }], { x: '1', y: '2' }],
    ['removes', [{ op: 'remove', path: '/data/x' }], {}],
    [
      'tests before it acts',
      [
        { op: 'test', path: '/data/x', value: '1' },
        { op: 'replace', path: '/data/x', value: '2' },
      ],
      { x: '2' },
    ],
    [
      'finds null where there is nothing',
      [
        { op: 'test', path: '/data/y', value: null },
        { op: 'add', path: '/data/y', value: '2' },
      ],
      { x: '1', y: '2' },
    ],
    [
      'copies and moves',
      [
        { op: 'copy', from: '/data/x', path: '/data/y' },
        { op: 'move', from: '/data/x', path: '/data/z' },
      ],
      { y: '1', z: '1' },
    ],
  ])('%s', (_, patch, data) => {
    const { post, patch: send } = ask()
    post(configMaps, configMap('a', { x: '1' }))
    expect(send(`${configMaps}/a`, 'json', patch).body['data']).toEqual(data)
  })

  it.each<[string, object[]]>([
    ['a test fails', [{ op: 'test', path: '/data/x', value: '9' }]],
    ['a test for something finds nothing', [{ op: 'test', path: '/data/y', value: '9' }]],
    ['it replaces what is not there', [{ op: 'replace', path: '/data/y', value: '1' }]],
    ['it removes what is not there', [{ op: 'remove', path: '/data/y' }]],
    [
      'a later operation fails',
      [
        { op: 'add', path: '/data/y', value: '1' },
        { op: 'remove', path: '/nowhere/z' },
      ],
    ],
  ])('is 422 without causes, and changes nothing, where %s', (_, patch) => {
    const { post, patch: send, get } = ask()
    const { body } = post(configMaps, configMap('a', { x: '1' }))
    expect(send(`${configMaps}/a`, 'json', patch)).toMatchObject({
      status: 422,
      body: { reason: 'Invalid', details: {} },
    })
    expect(get(`${configMaps}/a`).body).toEqual(body)
  })

  it('that is no list of operations is 400', () => {
    const { post, patch } = ask()
    post(configMaps, configMap('a'))
    expect(patch(`${configMaps}/a`, 'json', { op: 'add' }).status).toBe(400)
    expect(patch(`${configMaps}/a`, 'json', [{ op: 'jump', path: '/' }]).status).toBe(400)
  })
})

describe('a merge patch', () => {
  it('sets, replaces lists and removes with null', () => {
    const { post, patch } = ask()
    post(configMaps, configMap('a', { x: '1', y: '1' }, { finalizers: ['a.b/c', 'a.b/d'] }))
    const { body } = patch(`${configMaps}/a`, 'merge', {
      data: { x: null, z: '2' },
      metadata: { finalizers: ['a.b/e'] },
    })
    expect(body).toMatchObject({ data: { y: '1', z: '2' }, metadata: { finalizers: ['a.b/e'] } })
    expect(body['data']).toEqual({ y: '1', z: '2' })
  })

  it('is refused with 409 with a stale version, and with 422 with another uid', () => {
    const { post, patch } = ask()
    const resourceVersion = versionOf(post(configMaps, configMap('a')).body)
    patch(`${configMaps}/a`, 'merge', { data: { x: '1' } })
    expect(patch(`${configMaps}/a`, 'merge', { metadata: { resourceVersion }, data: { x: '2' } }).status).toBe(409)
    expect(patch(`${configMaps}/a`, 'merge', { metadata: { uid: 'x' }, data: { x: '2' } }).status).toBe(422)
  })

  it('cannot rename, move or re-date an object', () => {
    const { post, patch } = ask()
    const { body } = post(configMaps, configMap('a'))
    expect(patch(`${configMaps}/a`, 'merge', { metadata: { name: 'b' } }).status).toBe(400)
    expect(patch(`${configMaps}/a`, 'merge', { metadata: { namespace: 'b' } }).status).toBe(400)
    const dated = patch(`${configMaps}/a`, 'merge', { metadata: { creationTimestamp: '2000-01-01T00:00:00Z' } })
    expect(dated.body).toEqual(body)
  })
})

describe('a strategic merge patch', () => {
  const pod = {
    containers: [
      { name: 'a', image: '1', env: [{ name: 'X', value: '1' }], ports: [{ containerPort: 80 }] },
      { name: 'b', image: '1' },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
  }

  it.each<[string, JsonObject, object]>([
    [
      'merges containers and their lists by name',
      { containers: [{ name: 'a', image: '2', env: [{ name: 'Y', value: '2' }] }] },
      {
        ...pod,
        containers: [
          {
            ...pod.containers[0],
            image: '2',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
          pod.containers[1],
        ],
      },
    ],
    [
      'deletes an entry',
      { containers: [{ name: 'a', $patch: 'delete' }] },
      { ...pod, containers: [pod.containers[1]] },
    ],
    [
      'orders entries',
      { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], containers: [{ name: 'b', image: '1' }] },
      { ...pod, containers: [pod.containers[1], pod.containers[0]] },
    ],
    ['replaces a list', { volumes: [{ $patch: 'replace' }, { name: 'w' }] }, { ...pod, volumes: [{ name: 'w' }] }],
    ['removes with null', { volumes: null }, { containers: pod.containers }],
    ['replaces an object', { $patch: 'replace', volumes: [] }, { volumes: [] }],
    [
      'keeps only the keys that it names',
      { volumes: [{ name: 'v', $retainKeys: ['name', 'secret'], secret: {} }] },
      { ...pod, volumes: [{ name: 'v', secret: {} }] },
    ],
  ])('%s', (_, patch, expected) => {
    expect(strategicMerge(pod, patch)).toEqual(expected)
  })

  it('adds to and removes from finalizers', () => {
    expect(strategicMerge({ finalizers: ['a'] }, { finalizers: ['b'] })).toEqual({ finalizers: ['a', 'b'] })
    expect(strategicMerge({ finalizers: ['a', 'b'] }, { '$deleteFromPrimitiveList/finalizers': ['a'] })).toEqual({
      finalizers: ['b'],
    })
  })

  it('is for built-in kinds alone: 415 on a custom resource', () => {
    const { post, patch } = ask()
    post(crds, widgetCrd({ type: 'object' }))
    post(widgets, widget('a'))
    post(deployments, deployment('a'))
    expect(patch(`${widgets}/a`, 'strategic', { spec: {} }).status).toBe(415)
    expect(patch(`${deployments}/a`, 'strategic', { spec: { paused: true } }).body).toMatchObject({
      spec: { paused: true },
    })
  })
})
