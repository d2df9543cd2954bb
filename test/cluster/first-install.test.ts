import { expect, it, onTestFinished } from 'vitest'
import { chart, helm, withImage } from '../support/helm.ts'
import { kubectl } from '../support/kubectl.ts'
import { startControlPlane } from './control-plane/control-plane.ts'

it('lets the trigger scale workloads in the namespaces of the value, and nowhere else', async () => {
  const { kubeconfig, stop } = await startControlPlane()
  onTestFinished(stop)
  const scalesIn = async (namespace: string): Promise<string> => {
    const account = '--as=system:serviceaccount:receiver-hooks:receiver-hooks-trigger'
    const asked = ['auth', 'can-i', 'patch', 'deployments.apps/web', '--subresource=scale', account, '-n', namespace]
    return (await kubectl(kubeconfig, asked)).stdout.trim()
  }
  const install = (command: string, ...values: readonly string[]) =>
    helm(
      ...[command, 'receiver-hooks', chart, '-n', 'receiver-hooks', '--kubeconfig', kubeconfig, ...withImage],
      ...['single=true', ...values].flatMap(value => ['--set', value]),
      ...(command === 'install' ? ['--create-namespace'] : []),
    )
  const everywhere = () => Promise.all(['shop', 'yard', 'bank'].map(scalesIn))

  expect(await install('install')).toMatchObject({ code: 0, stderr: '' })
  expect(await everywhere()).toEqual(['no', 'no', 'no'])
  for (const namespace of ['shop', 'yard']) await kubectl(kubeconfig, ['create', 'namespace', namespace])
  expect(await install('upgrade', 'drivers.scale.namespaces={shop,yard}')).toMatchObject({ code: 0, stderr: '' })
  expect(await everywhere()).toEqual(['yes', 'yes', 'no'])
  expect(await install('upgrade', 'drivers.scale.everywhere=true')).toMatchObject({ code: 0, stderr: '' })
  expect(await everywhere()).toEqual(['yes', 'yes', 'yes'])
})
