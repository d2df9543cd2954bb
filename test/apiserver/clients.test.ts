import { AppsV1Api, KubeConfig } from '@kubernetes/client-node'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { expect, it, onTestFinished } from 'vitest'
import { serveHttp } from '../../apiserver/http.ts'
import { protobufType } from '../../apiserver/protobuf/decode.ts'
import { isWatch } from '../../apiserver/server.ts'
import { kubeconfigFor } from '../../apiserver/playground/kubeconfig.ts'
import { ask, configMap, configMaps, deployment, deployments, type Asked } from './ask.ts'

const serving = async ({ server }: Asked): Promise<string> => {
  const served = await serveHttp(server, { port: 0 })
  onTestFinished(() => served.close())
  return served.url
}

/** Returns an object as client-go sends it: four bytes, and an envelope with the type and the message. */
const enveloped = (apiVersion: string, kind: string, message: BinaryWriter): Uint8Array<ArrayBuffer> => {
  const typeMeta = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string(apiVersion)
    .tag(2, WireType.LengthDelimited)
    .string(kind)
    .finish()
  const envelope = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .bytes(typeMeta)
    .tag(2, WireType.LengthDelimited)
    .bytes(message.finish())
    .finish()
  return new Uint8Array(Buffer.concat([Buffer.from('k8s\0'), envelope]))
}

const headers = { 'content-type': protobufType }

it('client-go scales with a Scale in protobuf', async () => {
  const asked = ask()
  asked.post(deployments, deployment('web', 1))
  const url = `${await serving(asked)}${deployments}/web/scale`
  const metadata = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string('web')
    .tag(3, WireType.LengthDelimited)
    .string('default')
    .finish()
  const spec = new BinaryWriter().tag(1, WireType.Varint).int32(4).finish()
  const scale = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .bytes(metadata)
    .tag(2, WireType.LengthDelimited)
    .bytes(spec)
  const response = await fetch(url, { method: 'PUT', headers, body: enveloped('autoscaling/v1', 'Scale', scale) })
  expect([response.status, await response.json()]).toMatchObject([200, { spec: { replicas: 4 } }])
})

it.each([
  ['a dry run', new BinaryWriter().tag(5, WireType.LengthDelimited).string('All'), 200, 200],
  [
    'a precondition that fails',
    new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(Buffer.from('\n\u0001x')),
    409,
    200,
  ],
  ['a propagation policy', new BinaryWriter().tag(4, WireType.LengthDelimited).string('Background'), 200, 404],
])('client-go deletes with %s in protobuf', async (_, options, answered, after) => {
  const asked = ask()
  asked.post(configMaps, configMap('a'))
  const url = `${await serving(asked)}${configMaps}/a`
  const response = await fetch(url, { method: 'DELETE', headers, body: enveloped('v1', 'DeleteOptions', options) })
  expect(response.status).toBe(answered)
  expect(asked.get(`${configMaps}/a`).status).toBe(after)
})

it.each([
  ['true', true],
  ['True', true],
  ['1', true],
  ['', true],
  ['false', false],
  ['False', false],
  ['0', false],
])('a request with watch=%s is a watch: %s', (watch, expected) => {
  expect(isWatch({ method: 'GET', path: configMaps, query: { watch } })).toBe(expected)
})

it("Node's client uses the kubeconfig of a playground", async () => {
  const asked = ask()
  asked.post(deployments, deployment('web', 1))
  const config = new KubeConfig()
  config.loadFromString(kubeconfigFor(await serving(asked)))
  const apps = config.makeApiClient(AppsV1Api)
  const { items } = await apps.listNamespacedDeployment({ namespace: 'default' })
  expect(items.map(({ metadata }) => metadata?.name)).toEqual(['web'])
})
