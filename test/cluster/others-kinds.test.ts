import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { filesOf, kindParts } from '../../scripts/cluster/parts.ts'
import { provide } from '../../scripts/cluster/provide.ts'
import { at, isObject, parseJson } from '../../src/api/json.ts'
import { base, blockWith, kindOf, nameOf, objectsIn } from '../deploy/manifests.ts'
import { chart, helm, withImage } from '../support/helm.ts'
import { kubectl } from '../support/kubectl.ts'
import { startControlPlane } from './control-plane/control-plane.ts'

/** What the components and the chart have of kinds that the product does not define, and how a person names it. */
const others = [
  'ingress.networking.k8s.io/receiver-hooks-trigger',
  'httproute.gateway.networking.k8s.io/receiver-hooks-trigger',
  'podmonitor.monitoring.coreos.com/receiver-hooks',
  'prometheusrule.monitoring.coreos.com/receiver-hooks',
] as const

/** Returns an API server that serves the kinds of others by their own CRDs, and what runs kubectl there and must succeed. */
const serving = async () => {
  const { kubeconfig, stop } = await startControlPlane()
  onTestFinished(stop)
  const run = async (args: readonly string[], stdin = ''): Promise<string> => {
    const { code, stderr, stdout } = await kubectl(kubeconfig, args, stdin)
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }
  const established = async (...crd: readonly string[]): Promise<void> => {
    // A new CRD has no conditions for a moment, and kubectl calls that an error where it looks for one of them.
    for (const wanted of ['jsonpath={.status.conditions}', 'condition=Established']) {
      await run(['wait', `--for=${wanted}`, '--timeout=30s', ...crd])
    }
  }
  for (const part of kindParts) {
    for (const name of filesOf(part)) {
      const file = await provide(part, name, process.env, () => undefined)
      await run(['apply', '--server-side', '-f', file])
      await established('-f', file)
    }
  }
  return { established, kubeconfig, run }
}

/** Returns the base with these components, as a person writes it next to a checkout. */
const overlay = async (components: readonly string[]): Promise<string> => {
  const folder = await mkdtemp(join(process.cwd(), 'node_modules/.cache-overlay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const deploy = '../../deploy/kustomize'
  const kustomization = {
    resources: [`${deploy}/base`],
    components: components.map(name => `${deploy}/components/${name}`),
  }
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization))
  return folder
}

/** Returns the specs of the objects of others in a stream of YAML, by kind and name. */
const specsIn = (yaml: string): Readonly<Record<string, unknown>> => {
  const groups = ['networking.k8s.io', 'gateway.networking.k8s.io', 'monitoring.coreos.com']
  const found = objectsIn(yaml).filter(
    object =>
      groups.includes(String(at(object, 'apiVersion')).split('/')[0] ?? '') && kindOf(object) !== 'NetworkPolicy',
  )
  return Object.fromEntries(found.map(object => [`${kindOf(object)}/${nameOf(object)}`, at(object, 'spec')]))
}

/** Returns what the API server has stored of them: what a CRD does not know would have been left out. */
const stored = async (
  run: (args: readonly string[]) => Promise<string>,
): Promise<Readonly<Record<string, unknown>>> => {
  const specs: Record<string, unknown> = {}
  for (const name of others) {
    const object = parseJson(await run(['-n', 'receiver-hooks', 'get', name, '-o', 'json']))
    specs[`${kindOf(object)}/${nameOf(object)}`] = at(object, 'spec')
  }
  return specs
}

const components = ['ingress', 'http-route', 'pod-monitor', 'prometheus-rule']

const values = [
  ...['ingress.enabled=true', 'ingress.host=hooks.example.com', 'ingress.className=nginx'],
  ...['ingress.tlsSecretName=hooks-tls', 'httpRoute.enabled=true', 'httpRoute.hostnames[0]=hooks.example.com'],
  ...['httpRoute.parentRefs[0].name=gateway', 'httpRoute.parentRefs[0].namespace=gateways'],
  ...['monitoring.podMonitor.enabled=true', 'monitoring.podMonitor.interval=15s'],
  ...['monitoring.podMonitor.labels.release=prometheus', 'monitoring.prometheusRule.enabled=true'],
].flatMap(value => ['--set', value])

const trial = ['receiver-hooks', chart, ...withImage, '-n', 'receiver-hooks']

describe('objects of kinds that others define', () => {
  it("are stored whole as the components have them, by those kinds' own CRDs", async () => {
    const { run } = await serving()
    const folder = await overlay(components)
    await run(['apply', '-k', folder])
    const specs = specsIn(await run(['kustomize', folder]))
    expect(Object.keys(specs)).toHaveLength(others.length)
    expect(await stored(run)).toMatchObject(specs)
  })

  it('are stored whole as the chart makes them of its values', async () => {
    const { kubeconfig, run } = await serving()
    const installed = await helm('install', ...trial, '--create-namespace', '--kubeconfig', kubeconfig, ...values)
    expect([installed.code, installed.stderr]).toEqual([0, ''])
    const { stdout } = await helm('template', ...trial, ...values)
    const specs = specsIn(stdout)
    expect(Object.keys(specs)).toHaveLength(others.length)
    expect(await stored(run)).toMatchObject(specs)
    const labels = parseJson(await run(['-n', 'receiver-hooks', 'get', others[2], '-o', 'json']))
    expect(at(labels, 'metadata', 'labels', 'release')).toBe('prometheus')
  })

  it.each([
    ['HTTPRoute', { rules: [{ matches: [{ method: 'post' }] }] }, 'Unsupported value: "post"'],
    ['PodMonitor', { podMetricsEndpoints: [{ honourLabels: true }] }, 'unknown field "spec.podMetricsEndpoints'],
    [
      'PrometheusRule',
      { groups: [{ name: 'g', rules: [{ expr: 'up', for: 'a while' }] }] },
      'spec.groups[0].rules[0].for',
    ],
  ])('are refused where they are wrong, so that these CRDs do judge: %s', async (kind, wrong, message) => {
    const { kubeconfig, run } = await serving()
    const object = objectsIn(await run(['kustomize', await overlay(components)])).find(one => kindOf(one) === kind)
    if (!isObject(object)) throw new Error(`no ${kind}`)
    const spec = at(object, 'spec')
    const trialObject = { ...object, spec: { ...(isObject(spec) && spec), ...wrong } }
    await run(['create', 'namespace', 'receiver-hooks'])
    const { code, stderr } = await kubectl(kubeconfig, ['create', '-f', '-'], JSON.stringify(trialObject))
    expect(code).not.toBe(0)
    expect(stderr).toContain(message)
  })
})

it("the tutorial's objects for the operator are taken by its kinds, with nothing misspelt, by the command of the page", async () => {
  const { established, run } = await serving()
  const file = 'test/gitops/crds/alertmanagerconfig.yaml'
  await run(['apply', '-f', file])
  await established('-f', file)
  await run(['apply', '-k', base])
  await established('crd/receiverhooks.receiverhooks.dev')
  const wordsOf = (part: string) => blockWith('docs/tutorial.md', 'console', part).trim().split(' ').slice(1)
  const created = await run([...wordsOf('operator.yaml'), '--validate=strict'])
  const labelled = await run(wordsOf('label podmonitor'))
  for (const object of ['podmonitor', 'prometheusrule', 'alertmanagerconfig']) {
    expect(created).toContain(`${object}.monitoring.coreos.com/web created`)
    expect(labelled).toContain(`${object}.monitoring.coreos.com/web labeled`)
  }
})
