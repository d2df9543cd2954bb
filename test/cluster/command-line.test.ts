import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { kubectl } from '../support/kubectl.ts'
import { buildPlugin, type Plugin } from '../support/plugin.ts'
import { cluster, product, until } from '../support/product.ts'
import { startControlPlane } from './control-plane/control-plane.ts'
import { applyBase } from './installation.ts'

let plugin: Plugin
beforeAll(async () => void (plugin = await buildPlugin()))
afterAll(() => plugin.remove())

/** More rights than any command needs. */
const maxGrants = 8

/** Each as a user of its own, who has no right at all at first. */
const lines = [
  'get',
  'get web-up -o yaml',
  'describe web-up',
  'url web-up',
  'url kept',
  'trigger web-up --dry-run',
  'trigger asking --dry-run',
  'create new --target web --action up --max 3',
  'set web-up --max 9',
  'clone web-up copy',
  'suspend web-up',
  'resume web-up',
  'rotate web-up',
  'snippet curl web-up',
  'inspect-token TOKEN --system-namespace SYSTEM',
  'keys list --system-namespace SYSTEM',
  'keys rotate --settle 0s --system-namespace SYSTEM',
  'delete copy -y',
]

it(
  'says to an account that lacks a right which one it is, and granting just that is enough',
  { timeout: 300_000 },
  async () => {
    const here = await cluster()
    const { kubeconfig, namespace, systemNamespace } = here
    await here.createDeployment('web', 2)
    await product(here)
    await here.createHook('web-up', {})
    await here.createHook('kept', {}, { token: { secretName: 'kept-url' } })
    const secret = ['-n', namespace, 'create', 'secret', 'generic', 'sender', '--from-literal=token=t']
    expect((await kubectl(kubeconfig, secret)).code).toBe(0)
    await here.createHook('asking', {}, { auth: { bearer: { secretKeyRef: { name: 'sender', key: 'token' } } } })
    const token = (await here.url('web-up')).split('/').at(-1) ?? ''
    await here.until(
      () => plugin.run(kubeconfig, ['trigger', 'asking', '--dry-run', '-n', namespace]),
      ({ code }) => code === 0,
    )

    for (const [index, line] of lines.entries()) {
      const words = line.replace('SYSTEM', systemNamespace).replace('TOKEN', token).split(' ')
      const place = line.startsWith('keys') ? [] : ['-n', namespace]
      const run = () => plugin.run(kubeconfig, [...words, ...place, '--as', `user-${index}`])
      let granted = 0
      let ran = await run()
      for (; ran.code !== 0 && granted < maxGrants; granted++) {
        expect({ line, ...ran }).toMatchObject({
          line,
          code: 1,
          stderr: expect.stringMatching(/^user-\d+ may not/) as unknown,
        })
        for (const command of ran.stderr.split('\n').filter(said => said.startsWith('  kubectl '))) {
          const answer = await kubectl(kubeconfig, command.trim().split(' ').slice(1))
          expect(answer.code === 0 || answer.stderr.includes('already exists')).toBe(true)
        }
        ran = await run()
      }
      expect({ line, code: ran.code, stderr: ran.stderr }).toMatchObject({ line, code: 0 })
      expect({ line, granted: granted > 0 }).toEqual({ line, granted: true })
    }
  },
)

/** An administrator's view of the policies of the base, as doctor shows it. */
describe('doctor on the admission policies', { timeout: 120_000 }, () => {
  const policies = 'validatingadmissionpolicies,validatingadmissionpolicybindings'

  it('finds each of them in order, missing, without a binding that denies, and hidden', async () => {
    const { kubeconfig, stop } = await startControlPlane()
    onTestFinished(stop)
    await applyBase(kubeconfig)
    const found = async (...more: readonly string[]) => {
      const { stdout } = await plugin.run(kubeconfig, ['doctor', '-o', 'json', ...more])
      const findings: unknown = parseJson(stdout)
      const list: readonly unknown[] = Array.isArray(findings) ? findings : []
      return list
        .filter(finding => at(finding, 'about') === 'admission policies')
        .map(finding => `${stringAt(finding, 'is')}: ${stringAt(finding, 'message')}`)
    }
    const succeed = async (...args: readonly string[]) =>
      expect(await kubectl(kubeconfig, args)).toMatchObject({ code: 0, stderr: '' })
    expect(await found()).toEqual([
      'ok: receiver-hooks-authors is in force: no hook can do more than its author may do',
      "ok: receiver-hooks-trigger is in force: the trigger's account changes only what hooks act on",
      'ok: receiver-hooks-records is in force: only the trigger writes the records of hooks',
      "ok: receiver-hooks-controller is in force: the controller's account changes only the Secrets of hooks",
      'ok: receiver-hooks-sizes is in force: hooks have no large metadata',
      'ok: receiver-hooks-public-keys is in force: only those who may read the signing keys can change the public ones',
    ])
    const patch = '{"spec":{"validationActions":["Warn"]}}'
    await succeed('patch', 'validatingadmissionpolicybinding', 'receiver-hooks-trigger', '--type=merge', `-p=${patch}`)
    await succeed('delete', 'validatingadmissionpolicybinding', 'receiver-hooks-records')
    await succeed('delete', policies, 'receiver-hooks-authors')
    expect(await found()).toEqual([
      expect.stringMatching(/^warning: receiver-hooks-authors is not there: a hook can do what its author/),
      expect.stringMatching(/^warning: receiver-hooks-trigger has a binding that does not deny: /),
      expect.stringMatching(/^warning: receiver-hooks-records has no binding: /),
      "ok: receiver-hooks-controller is in force: the controller's account changes only the Secrets of hooks",
      'ok: receiver-hooks-sizes is in force: hooks have no large metadata',
      'ok: receiver-hooks-public-keys is in force: only those who may read the signing keys can change the public ones',
    ])
    expect(await found('--as', 'ann')).toEqual([expect.stringMatching(/^warning: you may not read it: /)])
    const files = ['definition', 'policy'].map(name => `-f=deploy/kustomize/components/requests/${name}.yaml`)
    await succeed('apply', ...files)
    await succeed('delete', 'validatingadmissionpolicybinding', 'receiver-hooks-approval')
    const last = await until(
      async () => (await found()).slice(6),
      list => list.length === 2,
    )
    expect(last).toEqual([
      "ok: receiver-hooks-requests is in force: a request runs in its author's name, and only others can approve it",
      'warning: receiver-hooks-approval has no binding: anyone who may write a hook may remove its approval',
    ])
  })
})
