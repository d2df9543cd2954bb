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

it('serves the namespaces of a list, and the accounts reach nothing of any other', async () => {
  const { kubeconfig, stop } = await startControlPlane()
  onTestFinished(stop)
  for (const namespace of ['shop', 'yard', 'bank']) await kubectl(kubeconfig, ['create', 'namespace', namespace])
  const installed = await helm(
    ...['install', 'receiver-hooks', chart, '-n', 'receiver-hooks', '--create-namespace', '--kubeconfig', kubeconfig],
    ...[...withImage, '--set', 'watchNamespaces={shop,yard}'],
  )
  expect(installed).toMatchObject({ code: 0, stderr: '' })
  const may = async (account: string, namespace: string, ...asked: readonly string[]): Promise<string> => {
    const as = `--as=system:serviceaccount:receiver-hooks:receiver-hooks-${account}`
    return (await kubectl(kubeconfig, ['auth', 'can-i', ...asked, as, '-n', namespace])).stdout.trim()
  }
  const scale = ['patch', 'deployments.apps/web', '--subresource=scale']
  for (const [account, ...asked] of [
    ['trigger', ...scale],
    ['trigger', 'list', 'receiverhooks.receiverhooks.dev'],
    ['trigger', 'update', 'receiverhookrecords.receiverhooks.dev'],
    ['controller', 'patch', 'receiverhooks.receiverhooks.dev', '--subresource=status'],
    ['controller', 'get', 'deployments.apps'],
  ] as const) {
    const answers = await Promise.all(['shop', 'yard', 'bank'].map(namespace => may(account, namespace, ...asked)))
    expect([account, ...asked, answers]).toEqual([account, ...asked, ['yes', 'yes', 'no']])
  }

  // The API server itself refuses what the trigger would write there.
  await kubectl(kubeconfig, ['create', 'deployment', 'web', '--image=pause', '-n', 'bank'])
  const token = await kubectl(kubeconfig, ['create', 'token', 'receiver-hooks-trigger', '-n', 'receiver-hooks'])
  const scaled = await kubectl(kubeconfig, [
    ...['scale', 'deployment/web', '--replicas=5', '-n', 'bank', '--token', token.stdout.trim()],
    ...['--client-certificate=', '--client-key='],
  ])
  expect(scaled.stderr).toMatch(/receiver-hooks-trigger" cannot (get|patch) resource "deployments/)
})
