import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { helmPart } from '../../scripts/cluster/parts.ts'
import { provide } from '../../scripts/cluster/provide.ts'
import { blocksIn } from '../deploy/manifests.ts'
import { helm } from '../support/helm.ts'
import { kubectlPath } from '../support/kubectl.ts'
import { deployment } from '../support/objects.ts'
import { buildPlugin } from '../support/plugin.ts'
import { cluster, post, product } from '../support/product.ts'

/** Writes a chart into a new folder, with the Deployment web, whose template says of its count what `spec` says. */
const chartOf = async (spec: string, values: string, more: Readonly<Record<string, string>> = {}): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'chart-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'web/templates'), { recursive: true })
  const { spec: whole, ...object } = deployment('web', 0)
  const { replicas: _, ...rest } = whole
  const template = { ...whole.template, spec: { containers: [{ name: 'web', image: '{{ .Values.image }}' }] } }
  const files = {
    'Chart.yaml': stringify({ apiVersion: 'v2', name: 'web', version: '1.0.0' }),
    'values.yaml': `image: nginx:1.29\n${values}`,
    'templates/web.yaml': stringify({ ...object, spec: { ...rest, template } }).replace('spec:\n', spec),
    ...more,
  }
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, 'web', file), text)
  return folder
}

const countIfSet = 'spec:\n  {{- with .Values.replicas }}\n  replicas: {{ . }}\n  {{- end }}\n'

/** Returns a release of that chart, a hook on its Deployment, and both roles. */
const released = async (...values: readonly string[]) => {
  const here = await cluster()
  const folder = join(await chartOf(countIfSet, ''), 'web')
  const run = (command: string, ...more: readonly string[]) =>
    helm(command, 'web', folder, '-n', here.namespace, '--kubeconfig', here.kubeconfig, ...more)
  expect(await run('install', ...values)).toMatchObject({ code: 0 })
  await product(here)
  await here.createHook('web-up', { max: 10 })
  const url = await here.url('web-up')
  return {
    replicas: () => here.replicas('web'),
    step: async (): Promise<unknown> => (await post(url)).body['to'],
    upgrade: (...more: readonly string[]) => run('upgrade', ...more),
  }
}

const set = (...values: readonly string[]): readonly string[] => values.flatMap(value => ['--set', value])

describe('an upgrade of a chart whose Deployment a hook scales', () => {
  it('leaves the count alone where the chart says none', async () => {
    const { replicas, step, upgrade } = await released()
    expect([await step(), await step()]).toEqual([2, 3])
    expect(await upgrade(...set('image=nginx:1.30'))).toMatchObject({ code: 0, stderr: '' })
    expect(await replicas()).toBe(3)
    expect(await step()).toBe(4)
  })

  it('puts the count back to one where the chart stops saying it and no hook has stepped meanwhile', async () => {
    const { replicas, upgrade } = await released(...set('replicas=2'))
    expect(await upgrade(...set('image=nginx:1.30'))).toMatchObject({ code: 0, stderr: '' })
    expect(await replicas()).toBe(1)
  })

  it('does not see the conflict where Helm applies by itself: the count of the chart comes back', async () => {
    const { replicas, step, upgrade } = await released(...set('replicas=2'), '--server-side=false')
    expect(await step()).toBe(3)
    expect(await upgrade('--server-side=false', ...set('replicas=2', 'image=nginx:1.30'))).toMatchObject({ code: 0 })
    expect(await replicas()).toBe(2)
  })

  it('fails where the chart says a count, and its message names the product', async () => {
    const { replicas, step, upgrade } = await released(...set('replicas=2'))
    expect(await step()).toBe(3)
    const { code, stderr } = await upgrade(...set('replicas=2', 'image=nginx:1.30'))
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/conflict with "receiver-hooks\.[^"]+" with subresource "scale".*: \.spec\.replicas/)
    expect(await replicas()).toBe(3)
  })

  it('puts the count of the chart back where it is forced, and steps go on from there', async () => {
    const { replicas, step, upgrade } = await released(...set('replicas=2'))
    expect([await step(), await step()]).toEqual([3, 4])
    expect(await upgrade('--force-conflicts', ...set('replicas=2', 'image=nginx:1.30'))).toMatchObject({ code: 0 })
    expect(await replicas()).toBe(2)
    expect(await step()).toBe(3)
  })

  it('keeps the count once the chart has stopped saying one, if a hook has stepped meanwhile', async () => {
    const { replicas, step, upgrade } = await released(...set('replicas=2'))
    expect(await step()).toBe(3)
    expect(await upgrade(...set('image=nginx:1.30'))).toMatchObject({ code: 0, stderr: '' })
    expect(await replicas()).toBe(3)
  })
})

it('the chart of the page keeps the count that its hook has set', async () => {
  const page = 'docs/how-to/gitops.md#helm-charts'
  const [values = '', spec = '', hook = ''] = blocksIn(page, 'yaml')
  const here = await cluster()
  await product(here)
  const folder = await chartOf(spec, values, { 'templates/web-up.yaml': hook })
  const plugin = await buildPlugin()
  onTestFinished(() => plugin.remove())
  const programs = [
    plugin.folder,
    dirname(await kubectlPath()),
    dirname(await provide(helmPart, 'helm', process.env, () => undefined)),
  ]
  const PATH = [...programs, process.env['PATH']].join(delimiter)
  const commands = blocksIn(page, 'console').join('').replaceAll('--namespace shop', `--namespace ${here.namespace}`)
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', commands], {
    cwd: folder,
    env: { PATH, KUBECONFIG: here.kubeconfig, HOME: folder },
  })
  expect(stdout).toContain('Deployment/web went from 1 to 2')
  expect(await here.replicas('web')).toBe(2)
})
