import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { serveHttp, type Serving } from '../../apiserver/http.ts'
import { decodeObject, ProtobufError, protobufType } from '../../apiserver/protobuf/decode.ts'
import { kubectl } from '../support/kubectl.ts'
import { fc, property } from '../support/property.ts'
import { ask, configMaps } from './ask.ts'

/** What kubectl's own `create` is asked to make; it sends these as protobuf. */
const creations = [
  'create namespace shop',
  'create configmap settings --from-literal=colour=blue --from-literal=empty=',
  'create quota small --hard=pods=10',
  'create secret generic login --from-literal=user=ann --from-literal=password=péché',
  'create secret docker-registry pull --docker-server=registry.example.com --docker-username=ann --docker-password=x',
  'create serviceaccount robot',
  'create deployment web --image=nginx:1 --replicas=3 --port=8080',
  'create job once --image=busybox -- echo done',
  'create cronjob nightly --image=busybox --schedule=@daily -- echo done',
  'create service clusterip web --tcp=80:8080',
  'run lonely --image=nginx:1 --env=MODE=fast --labels=app=lonely --command -- sleep 5',
]

/** Returns an object as its author wrote it: without what the server adds to every object, and without empty members. */
const written = (text: string): unknown => {
  const object = parseJson(text)
  const { metadata, ...rest } = isObject(object) ? object : {}
  const labels = at(metadata, 'labels')
  return withoutEmpty({ ...rest, status: {}, metadata: { name: stringAt(metadata, 'name'), labels } })
}

const withoutEmpty = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, withoutEmpty(member)])
      .filter(
        ([, member]) =>
          member !== null && member !== undefined && !(isObject(member) && Object.keys(member).length === 0),
      ),
  )
}

describe('what kubectl sends as protobuf', () => {
  let serving: Serving
  let folder: string
  let kubeconfig: string
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'protobuf-'))
    kubeconfig = join(folder, 'kubeconfig')
    serving = await serveHttp(ask().server, { port: 0 })
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server: serving.url } }],
        users: [{ name: 'u', user: {} }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'default' } }],
        'current-context': 'x',
      }),
    )
  })
  afterAll(async () => {
    await serving.close()
    rmSync(folder, { recursive: true })
  })

  it.each(creations)('kubectl %s stores what the same command prints as JSON', async command => {
    const [options, after] = command.split(' -- ')
    const args = (more: readonly string[]) => [
      ...(options ?? '').split(' '),
      ...more,
      ...(after === undefined ? [] : ['--', ...after.split(' ')]),
    ]
    const printed = await kubectl(kubeconfig, args(['--dry-run=client', '-o', 'json']))
    const made = await kubectl(kubeconfig, args(['-o', 'json']))
    expect(made.stderr).toBe('')
    const wanted = written(printed.stdout)
    expect(written(made.stdout)).toMatchObject(isObject(wanted) ? wanted : {})
  })

  it('an autoscaler is stored too', async () => {
    await kubectl(kubeconfig, ['create', 'deployment', 'api', '--image=nginx:1'])
    const made = await kubectl(kubeconfig, ['autoscale', 'deployment', 'api', '--min=2', '--max=5', '-o', 'json'])
    expect(made.stderr).toBe('')
    expect(parseJson(made.stdout)).toMatchObject({
      spec: { minReplicas: 2, maxReplicas: 5, scaleTargetRef: { kind: 'Deployment', name: 'api' } },
    })
  })

  it.each([
    ['auth whoami', /Username +playground/],
    ['auth can-i create pods', /^yes\n$/],
    ['auth can-i --list', /\*\.\* +\[\] +\[\] +\[\*\]/],
  ])('kubectl %s is answered', async (command, answer) => {
    const { code, stderr, stdout } = await kubectl(kubeconfig, command.split(' '))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(answer)
  })

  it('kubectl apply takes back the list that kubectl get has written', async () => {
    await kubectl(kubeconfig, ['create', 'configmap', 'kept', '--from-literal=colour=blue'])
    const got = await kubectl(kubeconfig, ['get', 'configmaps', '-o', 'yaml'])
    expect(got.stdout).toContain('kind: List')
    const { code, stdout } = await kubectl(kubeconfig, ['apply', '-f', '-'], got.stdout)
    expect(stdout).toContain('configmap/kept configured')
    expect(code).toBe(0)
  })

  it('a body that is no protobuf is refused with 400 and the reason', async () => {
    const response = await fetch(`${serving.url}${configMaps}`, {
      method: 'POST',
      headers: { 'content-type': protobufType },
      body: '{"metadata":{"name":"a"}}',
    })
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { message: 'the body is not Kubernetes protobuf: it does not begin with the four bytes "k8s\\0"' },
    ])
  })

  it.each([
    ['v9', 'Thing', 'the in-memory API server has no Thing of v9'],
    [
      'rbac.authorization.k8s.io/v1',
      'RoleBinding',
      'the in-memory API server has no RoleBinding: it lets everybody do everything, so leave out what gives rights',
    ],
  ])('a kind that is not there is refused: %s %s', (apiVersion, kind, message) => {
    const typeMeta = Buffer.from([
      10,
      apiVersion.length,
      ...Buffer.from(apiVersion),
      18,
      kind.length,
      ...Buffer.from(kind),
    ])
    const body = Buffer.concat([Buffer.from('k8s\0'), Buffer.from([10, typeMeta.length]), typeMeta])
    expect(() => decodeObject(body)).toThrow(message)
  })
})

property(
  'random bytes behind the magic are read, or refused with a reason',
  [fc.uint8Array({ maxLength: 200 })],
  bytes => {
    // A valid beginning, so that more than the first field is tried.
    const typeMeta = Buffer.from([10, 2, ...Buffer.from('v1'), 18, 3, ...Buffer.from('Pod')])
    const raw = Buffer.concat([Buffer.from([18, bytes.length & 127]), bytes])
    try {
      decodeObject(Buffer.concat([Buffer.from('k8s\0'), Buffer.from([10, typeMeta.length]), typeMeta, raw]))
    } catch (error) {
      expect(error).toBeInstanceOf(ProtobufError)
    }
  },
)
