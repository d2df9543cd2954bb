import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { alertRelabelling } from '../../scripts/demo/prometheus.ts'
import { heading } from '../../scripts/demo/drawing.ts'
import { exampleThresholds } from '../../scripts/demo/examples.ts'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { read, send } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { blocksIn, listAt, nameOf, objectsIn } from '../deploy/manifests.ts'
import { commandsOf, inNamespaceOf, newFolder, runCommands } from '../gitops/page.ts'
import { notification } from '../support/alertmanager.ts'
import { kubectl } from '../support/kubectl.ts'
import { applyBase } from './installation.ts'
import { deployment } from '../support/objects.ts'
import { cluster, post, product, until, type Cluster } from '../support/product.ts'

const alertmanagerPage = 'docs/how-to/autoscale-with-alertmanager.md'
const fluxPage = 'docs/how-to/gitops.md#flux'
const argoPage = 'docs/how-to/gitops.md#argo-cd'

/** Returns the objects in a page's blocks of YAML. */
const yamlIn = (page: string): readonly unknown[] => blocksIn(page, 'yaml').flatMap(objectsIn)

const fileObjects = (file: string): readonly unknown[] => objectsIn(readFileSync(file, 'utf8'))

const examples = [
  { what: 'an Application', file: 'deploy/examples/argo-cd/application.yaml', crd: 'application' },
  { what: "the product's Application", file: 'deploy/examples/argo-cd/receiver-hooks.yaml', crd: 'application' },
  { what: 'a Kustomization', file: 'deploy/examples/flux/kustomization.yaml', crd: 'kustomization' },
  { what: "the product's Kustomization", file: 'deploy/examples/flux/receiver-hooks.yaml', crd: 'kustomization' },
  {
    what: 'AlertmanagerConfigs',
    file: 'deploy/examples/alertmanager/prometheus-operator.yaml',
    crd: 'alertmanagerconfig',
  },
]

/** Installs the kinds of others, as far as the examples use them. */
const installCrds = async (here: Cluster): Promise<void> => {
  for (const { crd } of examples) {
    const file = `test/gitops/crds/${crd}.yaml`
    expect(await kubectl(here.kubeconfig, ['apply', '-f', file])).toMatchObject({ code: 0, stderr: '' })
    // A new CRD has no conditions for a moment, and kubectl calls that an error where it looks for one of them.
    for (const wanted of ['jsonpath={.status.conditions}', 'condition=Established']) {
      const waited = await kubectl(here.kubeconfig, ['wait', `--for=${wanted}`, '-f', file])
      expect(waited).toMatchObject({ code: 0, stderr: '' })
    }
  }
}

it.each(examples)('the API server takes the example of $what, and nothing misspelt', async ({ file }) => {
  const here = await cluster()
  await installCrds(here)
  const text = inNamespaceOf(here, readFileSync(file, 'utf8'))
  const create = ['create', '--dry-run=server', '--validate=strict', '-f', '-']
  // Discovery of a kind that has just been installed may lag behind.
  await until(
    () => kubectl(here.kubeconfig, create, text),
    ({ code, stderr }) => code === 0 && stderr === '',
  )
  const misspelt = text.replace(/jsonPointers|dependsOn|urlSecret|patches/, '$&s')
  const { code, stderr } = await kubectl(here.kubeconfig, create, misspelt)
  expect(stderr).toContain('unknown field')
  expect(code).toBe(1)
})

it('what the pages show of the examples is what stands there', () => {
  const [ofProduct, kustomization, ignore] = yamlIn(fluxPage)
  expect(ofProduct).toEqual(fileObjects('deploy/examples/flux/receiver-hooks.yaml')[0])
  expect(listAt(kustomization, 'spec', 'dependsOn').map(on => stringAt(on, 'name'))).toEqual([nameOf(ofProduct)])
  const [flux] = fileObjects('deploy/examples/flux/kustomization.yaml')
  const merged = { ...specOf(kustomization), ...specOf(ignore) }
  expect({ ...(isObject(kustomization) && kustomization), spec: merged }).toEqual(flux)
  const argo = ['receiver-hooks', 'application'].flatMap(name => fileObjects(`deploy/examples/argo-cd/${name}.yaml`))
  expect(yamlIn(argoPage)).toEqual(argo)

  const [routes, config, prometheus] = yamlIn(alertmanagerPage)
  const [plain] = fileObjects('deploy/examples/alertmanager/alertmanager.yaml')
  const configs = fileObjects('deploy/examples/alertmanager/prometheus-operator.yaml')
  expect(listAt(routes, 'route', 'routes')).toEqual(listAt(plain, 'route', 'routes').slice(0, 1))
  expect(listAt(routes, 'receivers')).toEqual(listAt(plain, 'receivers').slice(0, 2))
  expect(config).toEqual(configs[0])
  expect(at(prometheus, 'alerting', 'alert_relabel_configs')).toEqual(alertRelabelling)
  expect(blocksIn(alertmanagerPage, 'text')[0]).toContain(heading(exampleThresholds()))
})

const specOf = (object: unknown): object => {
  const spec = at(object, 'spec')
  return isObject(spec) ? spec : {}
}

it('the operator gets the same routes as an Alertmanager with a configuration of its own', () => {
  const [plain] = fileObjects('deploy/examples/alertmanager/alertmanager.yaml')
  const routes = listAt(plain, 'route', 'routes')
  const configs = fileObjects('deploy/examples/alertmanager/prometheus-operator.yaml')
  expect(configs.map(nameOf)).toEqual(routes.map(route => stringAt(route, 'receiver')))
  const translated = configs.map(config => {
    const route = at(config, 'spec', 'route')
    const matchers = listAt(route, 'matchers').map(
      matcher => `${stringAt(matcher, 'name')}${stringAt(matcher, 'matchType')}"${stringAt(matcher, 'value')}"`,
    )
    return {
      receiver: stringAt(route, 'receiver'),
      // The operator adds this one.
      matchers: [...matchers, `namespace="${stringAt(config, 'metadata', 'namespace')}"`],
      group_by: at(route, 'groupBy'),
      group_wait: at(route, 'groupWait'),
      group_interval: at(route, 'groupInterval'),
      repeat_interval: at(route, 'repeatInterval'),
    }
  })
  expect(translated).toEqual(routes)
})

/** Sets up a namespace with the product and the Deployment `web`, which was applied with these flags of kubectl. */
const setUp = async (replicas: number, ...flags: string[]) => {
  const here = await cluster()
  const apply = (object: object) =>
    kubectl(here.kubeconfig, ['-n', here.namespace, 'apply', ...flags, '-f', '-'], JSON.stringify(object))
  const web = deployment('web', replicas)
  expect(await apply(web)).toMatchObject({ code: 0, stderr: '' })
  await product(here)
  const { replicas: _, ...spec } = web.spec
  return { here, folder: newFolder(), apply, withoutCount: { ...web, spec } }
}

/** Creates the hook `web-up`, and waits for the Secret with its URL. */
const createHook = async (here: Cluster): Promise<void> => {
  await here.createHook('web-up', {}, { token: { secretName: 'web-up-url' } })
  await until(
    () => read(here.api, secrets, here.namespace, 'web-up-url'),
    secret => secret !== undefined,
  )
}

const run = async (here: Cluster, page: string, folder: string) => {
  const ran = await runCommands(here, commandsOf(here, page, folder), folder)
  expect(ran).toMatchObject({ code: 0, stderr: '' })
  return ran.stdout
}

it('who does what the page of Alertmanager says has URLs where Alertmanager looks for them', async () => {
  const here = await cluster()
  await product(here)
  const folder = newFolder()
  await installCrds(here)
  const said = await run(here, alertmanagerPage, folder)
  expect(said).toContain('receiverhook.receiverhooks.dev/web-up condition met')
  expect(said).toContain('SUCCESS')
  const [shown = ''] = blocksIn(alertmanagerPage, 'yaml')
  writeFileSync(join(folder, 'shown.yml'), shown)
  const checked = await runCommands(here, 'amtool check-config shown.yml', folder)
  expect(checked).toMatchObject({ code: 0, stderr: '' })
  const [plain] = fileObjects('deploy/examples/alertmanager/alertmanager.yaml')
  const files = listAt(plain, 'receivers')
    .flatMap(receiver => listAt(receiver, 'webhook_configs'))
    .map(webhook => stringAt(webhook, 'url_file') ?? '')
  expect(files).toHaveLength(2)
  const mounted = await read(here.api, secrets, here.namespace, 'receiver-hooks')
  const urls = files.map(file => {
    const [, key = ''] = /^\/etc\/alertmanager\/secrets\/receiver-hooks\/(.+)$/.exec(file) ?? []
    return Buffer.from(stringAt(mounted, 'data', key) ?? '', 'base64').toString()
  })
  const answers = []
  for (const url of urls) answers.push((await post(url)).body)
  expect(answers).toMatchObject([
    { from: 2, to: 3 },
    { from: 3, to: 2 },
  ])
})

it('with the window of the page, an alert is one step until it has ended, regardless of repeats', async () => {
  const { here } = await setUp(1)
  const [, shown = ''] = /set `(dedupeWindow: [^`]+)`/.exec(readFileSync(alertmanagerPage, 'utf8')) ?? []
  await here.createHook('web-up', {}, { dedupeWindow: stringAt(parse(shown), 'dedupeWindow') })
  const url = await here.url('web-up')
  const first = notification('firing', 'first notification')
  // An Alertmanager before 0.32 does not say why it sends.
  const { notification_reason: _, ...older } = notification('firing', 'repeat interval elapsed')
  const [alert] = first.alerts
  const again = { ...first, alerts: [{ ...alert, startsAt: '2026-01-01T11:00:00Z' }] }
  const bodies = [
    ...[first, notification('firing', 'repeat interval elapsed'), older],
    ...[notification('resolved', 'all alerts resolved'), again],
  ]
  const reasons = []
  for (const body of bodies) reasons.push((await post(url, body)).body['reason'])
  expect(reasons).toEqual(['Stepped', 'Duplicate', 'Duplicate', 'Resolved', 'Stepped'])
})

it('who does what the page of Flux says may write hooks, and keeps the count that is taken out of Git', async () => {
  const flux = ['--server-side', '--force-conflicts', '--field-manager=kustomize-controller']
  const { apply, folder, here, withoutCount } = await setUp(3, ...flux)
  await createHook(here)
  expect(await run(here, fluxPage, folder)).toMatch(/http:\S+$/)
  await applyBase(here.kubeconfig)
  for (const right of [
    ['create', 'receiverhooks.receiverhooks.dev'],
    ['patch', 'deployments.apps/web', '--subresource=scale'],
    ['create', 'secrets'],
  ]) {
    const as = [`--as=system:serviceaccount:${here.namespace}:deployer`, '-n', here.namespace]
    // A right that was just stored is known a moment later.
    await until(
      () => kubectl(here.kubeconfig, ['auth', 'can-i', ...right, ...as]),
      answer => answer.stdout === 'yes\n',
    )
  }
  expect(await apply(withoutCount)).toMatchObject({ code: 0 })
  expect(await here.replicas('web')).toBe(3)
})

it.each([
  ['by an apply, which remembers what it applied', true],
  ['by something that remembers nothing', false],
])(
  'who does what the page of Argo CD says keeps the count that is taken out of Git, made %s',
  async (_how, remembers) => {
    const { apply, folder, here, withoutCount } = await setUp(3)
    const forget = ['annotate', 'deployment', 'web', 'kubectl.kubernetes.io/last-applied-configuration-']
    if (!remembers) await kubectl(here.kubeconfig, ['-n', here.namespace, ...forget])
    await createHook(here)
    const path = `/api/v1/namespaces/${here.namespace}/configmaps`
    await send(here.api, { method: 'POST', path, body: JSON.stringify({ metadata: { name: 'argocd-cm' } }) })
    writeFileSync(join(folder, 'web.yaml'), JSON.stringify(withoutCount))
    expect(await run(here, argoPage, folder)).toContain('configmap/argocd-cm patched')
    expect(await apply(withoutCount)).toMatchObject({ code: 0 })
    expect(await here.replicas('web')).toBe(3)
  },
)

it('the demo of the page is a script of this package', () => {
  const manifest = parseJson(readFileSync('package.json', 'utf8'))
  expect(stringAt(manifest, 'scripts', 'demo:autoscaling')).toBe('node scripts/demo/autoscaling.ts')
})
