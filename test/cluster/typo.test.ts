import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { apiVersionOf } from '../../src/kube/paths.ts'
import { hooks } from '../../src/kube/resources.ts'
import { kubectl } from '../support/kubectl.ts'
import { cluster, product } from '../support/product.ts'

// What docs/explanation/security.md says of a file with an unknown field that is applied over a hook.

it('the API server prints the URL of a hook in the error of a typo, unless one applies on the server or keeps the URL in a Secret', async () => {
  const here = await cluster()
  const { kubeconfig, namespace } = here
  await here.createDeployment('web', 1)
  await product(here)
  const apply = (scale: object, spec: object, ...flags: readonly string[]) => {
    const object = {
      apiVersion: apiVersionOf(hooks),
      kind: 'ReceiverHook',
      metadata: { name: 'web-up', namespace },
      spec: { driver: 'scale', scale: { target: { name: 'web' }, action: 'up', ...scale }, ...spec },
    }
    return kubectl(kubeconfig, ['apply', ...flags, '-f', '-'], stringify(object))
  }
  expect(await apply({ max: 10 }, {})).toMatchObject({ code: 0, stderr: '' })
  const url = await here.url('web-up')
  const [right, typo] = [{ max: 10 }, { max: 10, mx: 1 }]
  const unknown = /spec\.scale\.mx\b/

  const printed = await apply(typo, {})
  expect(printed).toMatchObject({ code: 1, stderr: expect.stringMatching(unknown) as unknown })
  expect(printed.stderr).toContain(url)

  const onServer = await apply(typo, {}, '--server-side', '--force-conflicts')
  expect(onServer).toMatchObject({ code: 1, stderr: expect.stringMatching(unknown) as unknown })
  expect(onServer.stderr).not.toContain('/v1/trigger/')

  const inSecret = { token: { secretName: 'web-up-url' } }
  expect(await apply(right, inSecret)).toMatchObject({ code: 0 })
  await here.until(
    () => here.hook('web-up'),
    hook => hook !== undefined && !JSON.stringify(hook).includes('/v1/trigger/'),
  )
  const kept = await apply(typo, inSecret)
  expect(kept).toMatchObject({ code: 1, stderr: expect.stringMatching(unknown) as unknown })
  expect(kept.stderr).not.toContain('/v1/trigger/')
})
