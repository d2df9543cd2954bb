import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { chart, helm, withImage } from '../support/helm.ts'
import { kindOf, nameOf, objectsIn } from './manifests.ts'

/** Returns what `helm install` would say with values such as `dashboard.enabled=true`. */
const notes = async (...values: readonly string[]): Promise<string> => {
  const sets = values.flatMap(value => ['--set', value])
  const args = [
    'install',
    'receiver-hooks',
    chart,
    ...withImage,
    '-n',
    'hooks',
    '--dry-run=client',
    '--hide-notes=false',
    ...sets,
  ]
  const { code, stderr, stdout } = await helm(...args)
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.slice(stdout.indexOf('\nNOTES:\n'))
}

const dashboard = ['dashboard.enabled=true', 'dashboard.url=https://page.example.com']

describe('the notes of the chart', () => {
  it('show a hook, and say what it needs', async () => {
    const said = await notes()
    expect(said).toContain('may scale nothing yet; set drivers.scale.namespaces')
    const [, manifest = ''] = /<<EOF\n([^]*?)\n {2}EOF/.exec(said) ?? []
    expect(parse(manifest)).toMatchObject({ kind: 'ReceiverHook', spec: { scale: { target: { name: 'web' } } } })
  })

  it.each([
    [
      'from where URLs are reached, and how to post from outside',
      [],
      'port-forward service/receiver-hooks-trigger 8080:80',
    ],
    [
      'how to post from outside to another port of the Service',
      ['service.port=8888'],
      'port-forward service/receiver-hooks-trigger 8080:8888',
    ],
    ['where hooks may scale', ['drivers.scale.namespaces={shop,yard}'], 'may scale workloads in shop, yard.'],
    [
      'what rights everywhere are worth',
      ['drivers.scale.everywhere=true'],
      'or a captured trigger, may scale any workload',
    ],
    ['which hooks are served', ['watchNamespaces={shop,yard}'], 'hooks work only in shop, yard'],
    ['what one pod means', ['single=true'], 'One pod takes the posts'],
    ['that a public URL should be https', ['publicURL=http://a.example.com'], 'WARNING: publicURL is not https'],
    ['how to reach the dashboard', dashboard, 'port-forward service/receiver-hooks-dashboard 8082:80'],
    ['how people sign in', dashboard, 'create token ACCOUNT'],
    [
      'who signs people in behind a proxy',
      [...dashboard, 'dashboard.signIn=header'],
      "that proxy's Authorization header",
    ],
    ['what uninstalling leaves', [], 'leaves hooks and keys'],
    ['what uninstalling takes', ['crds.keep=false'], 'deletes every hook'],
  ])('say %s', async (_what, values, words) => {
    expect(await notes(...values)).toContain(words)
  })

  it.each([
    ['of a dashboard that is not there', [], 'dashboard'],
    ['of port-forwarding where there is a public URL', ['publicURL=https://a.example.com'], 'port-forward'],
    [
      'of a forwarded port to a dashboard that answers its proxy alone',
      [...dashboard, 'dashboard.signIn=header'],
      'service/receiver-hooks-dashboard 8082',
    ],
  ])('say nothing %s', async (_what, values, words) => {
    expect(await notes(...values)).not.toContain(words)
  })

  it.each([
    [[]],
    [['single=true', 'drivers.scale.namespaces={shop,yard}']],
    [['single=true', 'drivers.scale.everywhere=true']],
    [['watchNamespaces={shop,yard}', 'publicURL=http://hooks.example.com', 'crds.keep=false']],
  ])('are twelve lines at most, none longer than 80 characters, with %j', async values => {
    const [, ...lines] = (await notes(...values)).trim().split('\n')
    expect(lines.length).toBeLessThanOrEqual(12)
    expect(lines.filter(line => line.length > 80)).toEqual([])
  })

  it('name Services that the chart makes', async () => {
    const made = objectsIn(
      (await helm('template', 'x', chart, ...withImage, '-n', 'hooks', '--set', dashboard.join(','))).stdout,
    )
    const names = (kind: string): readonly string[] => made.filter(object => kindOf(object) === kind).map(nameOf)
    const said = await notes(...dashboard)
    for (const [, name] of said.matchAll(/service\/(\S+)/g)) expect(names('Service')).toContain(name)
  })
})
