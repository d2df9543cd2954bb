import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { chart, helm } from '../support/helm.ts'
import { kindOf, nameOf, objectsIn } from './manifests.ts'

/** Returns what `helm install` would say with values such as `dashboard.enabled=true`. */
const notes = async (...values: readonly string[]): Promise<string> => {
  const sets = values.flatMap(value => ['--set', value])
  const args = ['install', 'receiver-hooks', chart, '-n', 'hooks', '--dry-run=client', '--hide-notes=false', ...sets]
  const { code, stderr, stdout } = await helm(...args)
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return stdout.slice(stdout.indexOf('\nNOTES:\n'))
}

const dashboard = ['dashboard.enabled=true', 'dashboard.url=https://page.example.com']

describe('the notes of the chart', () => {
  it('say what the hook that they show needs', async () => {
    const said = await notes()
    expect(said).toContain('A hook for a Deployment `web` of yours')
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
    ['whose values one pod has', ['single=true'], 'those of controller are for no pod'],
    ['that hooks follow a changed public URL', ['publicURL=https://a.example.com'], 'follow within some ten seconds'],
    ['that a public URL should be https', ['publicURL=http://a.example.com'], 'WARNING: publicURL is not https'],
    ['how to reach the dashboard', dashboard, 'port-forward service/receiver-hooks-dashboard 8082:80'],
    ['how people sign in', dashboard, 'create token ACCOUNT'],
    [
      'who signs people in behind a proxy',
      [...dashboard, 'dashboard.signIn=header'],
      'Authorization header of that proxy',
    ],
    ['from where metrics are scraped', ['networkPolicy.monitoringNamespace=watch'], 'from the namespace watch alone'],
    ['what uninstalling leaves', [], 'kubectl delete namespace hooks'],
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
    ['of a namespace for metrics where no policy asks for it', ['networkPolicy.enabled=false'], 'Metrics'],
  ])('say nothing %s', async (_what, values, words) => {
    expect(await notes(...values)).not.toContain(words)
  })

  it('have hooks and records removed while triggers still run, where the kinds are to go as well', async () => {
    const said = await notes()
    const steps = [
      'kubectl delete receiverhooks --all',
      'kubectl get receiverhookrecords',
      'helm uninstall receiver-hooks -n',
    ]
    const places = [...steps, 'kubectl delete crd'].map(step => said.indexOf(step))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
  })

  it('name Services and kinds that the chart makes', async () => {
    const made = objectsIn((await helm('template', 'x', chart, '-n', 'hooks', '--set', dashboard.join(','))).stdout)
    const names = (kind: string): readonly string[] => made.filter(object => kindOf(object) === kind).map(nameOf)
    const said = await notes(...dashboard)
    for (const [, name] of said.matchAll(/service\/(\S+)/g)) expect(names('Service')).toContain(name)
    const [, kinds = ''] = /delete crd (.+)/.exec(said) ?? []
    expect(kinds.split(' ').toSorted()).toEqual(names('CustomResourceDefinition').toSorted())
  })
})
