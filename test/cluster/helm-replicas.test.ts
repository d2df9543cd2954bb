import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { helm } from '../support/helm.ts'
import { deployment } from '../support/objects.ts'
import { cluster, post, product } from '../support/product.ts'

/** Somebody's chart with the Deployment web; with `replicas`, where that is set. */
const chartOf = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'chart-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'templates'))
  await writeFile(join(folder, 'Chart.yaml'), stringify({ apiVersion: 'v2', name: 'web', version: '1.0.0' }))
  await writeFile(join(folder, 'values.yaml'), stringify({ image: 'nginx:1.29' }))
  const { spec, ...object } = deployment('web', 0)
  const { replicas: _, ...rest } = spec
  const template = { ...spec.template, spec: { containers: [{ name: 'web', image: '{{ .Values.image }}' }] } }
  const text = stringify({ ...object, spec: { ...rest, template } })
  const counted = text.replace('spec:\n', 'spec:\n  {{- with .Values.replicas }}\n  replicas: {{ . }}\n  {{- end }}\n')
  await writeFile(join(folder, 'templates/web.yaml'), counted)
  return folder
}

/** A release of that chart, a hook on its Deployment, and both roles. */
const released = async (...values: readonly string[]) => {
  const here = await cluster()
  const folder = await chartOf()
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
