import { expect, it } from 'vitest'
import { UnknownKind } from '../../src/kube/errors.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read, readOfAnyKind } from '../../src/kube/requests.ts'
import { configMaps, scaledObjects, secrets, serviceAccounts } from '../../src/kube/resources.ts'
import { readTarget } from '../../src/steps/target/read.ts'
import { machineDeployments, poolCount, rancherClusters } from '../../src/steps/target/pools.ts'
import { answer, scriptedConnection } from '../support/scripted-connection.ts'
import { deploymentTarget } from '../support/targets.ts'

const fleets = { group: 'acme.example', version: 'v1', resource: 'fleets', kind: 'Fleet' }
const noPage = { status: 404, headers: {}, body: '404 page not found\n' }
const noResource = answer(404, { kind: 'Status', reason: 'NotFound', details: {}, code: 404 })
const noObject = answer(404, { kind: 'Status', reason: 'NotFound', details: { name: 'workers' }, code: 404 })

const check = 'check how apiVersion and kind are spelled'

it.each([
  ['a group', noPage],
  ['a resource', noResource],
])('is distinguished from an object that is missing: %s', async (_what, unknown) => {
  const known = scriptedConnection(() => noObject)
  expect(await readOfAnyKind(known, machineDeployments, 'nodes', 'workers')).toBeUndefined()
  const api = scriptedConnection(() => unknown)
  await expect(readOfAnyKind(api, machineDeployments, 'nodes', 'workers')).rejects.toThrow(UnknownKind)
})

it.each([
  ['text', noPage],
  ['a status', noResource],
])('is not said of a kind that each API server knows: a proxy has answered with %s', async (_what, unknown) => {
  const api = scriptedConnection(() => unknown)
  const target = deploymentTarget('web')
  expect(await readTarget(api, target)).toEqual({
    state: 'unreachable',
    message: `GET ${objectPath(target.type, 'shop', 'web')}: the answer is 404 without the object's name, as of a proxy`,
  })
  for (const type of [serviceAccounts, secrets, configMaps]) {
    await expect(read(api, type, 'shop', 'web')).rejects.toThrow(Unreachable)
  }
})

it.each([
  [
    machineDeployments,
    `MachineDeployment (machinedeployments.cluster.x-k8s.io/v1beta2): ${check}, and that Cluster API 1.11 or later is installed`,
  ],
  [rancherClusters, `Cluster (clusters.provisioning.cattle.io/v1): ${check}, and that Rancher is installed`],
  [scaledObjects, `ScaledObject (scaledobjects.keda.sh/v1alpha1): ${check}, and that KEDA is installed`],
  [fleets, `Fleet (fleets.acme.example/v1): ${check}, and that what brings this kind is installed`],
])('says what to check and to install: %o', (type, message) => {
  expect(new UnknownKind(type).message).toBe(`this cluster does not know the kind ${message}`)
})

it('is the answer to a delivery to a pool where Cluster API is missing', async () => {
  const target = {
    type: machineDeployments,
    namespace: 'nodes',
    name: 'workers',
    at: poolCount(machineDeployments, undefined, undefined),
  }
  expect(
    await readTarget(
      scriptedConnection(() => noPage),
      target,
    ),
  ).toEqual({
    state: 'blocked',
    reason: 'TargetNotFound',
    message: new UnknownKind(machineDeployments).message,
  })
  expect(
    await readTarget(
      scriptedConnection(() => noObject),
      target,
    ),
  ).toMatchObject({
    reason: 'TargetNotFound',
    message: 'there is no MachineDeployment/workers in namespace nodes',
  })
})
