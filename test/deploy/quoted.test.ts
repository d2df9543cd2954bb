import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { isObject } from '../../src/api/json.ts'
import { chart, helm, withImage } from '../support/helm.ts'
import { objectsIn } from './manifests.ts'

/** Returns values with everything on, and `text` as every free text. */
const valuesWith = (text: string) => ({
  global: { imageRegistry: text },
  image: { repository: text, tag: text },
  watchNamespaces: [text],
  single: false,
  controller: {
    priorityClassName: text,
    extraArgs: [text],
    podDisruptionBudget: { enabled: true, maxUnavailable: text },
  },
  dashboard: { enabled: true, url: 'https://page.example.com', priorityClassName: text },
  trigger: { priorityClassName: text, extraArgs: [text], podDisruptionBudget: { enabled: true, maxUnavailable: text } },
  service: { trafficDistribution: text },
  ingress: { enabled: true, className: text, host: text, tlsSecretName: text },
  httpRoute: { enabled: true, parentRefs: [{ name: text }], hostnames: [text] },
  networkPolicy: { enabled: true, monitoringNamespace: text },
  secrets: { namespaces: [text] },
  auth: { namespaces: [text] },
  drivers: { redeploy: { namespaces: [text] }, 'scale-nodes': { namespaces: [text] } },
  monitoring: { podMonitor: { enabled: true, interval: text } },
})

const rendered = async (values: object): Promise<readonly unknown[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'values-'))
  try {
    const file = join(folder, 'values.json')
    writeFileSync(file, JSON.stringify(values))
    const ran = await helm('template', 'receiver-hooks', chart, ...withImage, '-n', 'receiver-hooks', '-f', file)
    expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' })
    return objectsIn(ran.stdout)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** What a text that YAML cannot misread renders. */
let plain: readonly unknown[] = []
beforeAll(async () => {
  plain = await rendered(valuesWith('plain-text'))
})

/** Returns the same with `text` put for another wherever it stands in a text: names of objects too. */
const renamed = (value: unknown, from: string, to: string): unknown => {
  if (typeof value === 'string') return value.replaceAll(from, to)
  if (Array.isArray(value)) return value.map(item => renamed(item, from, to))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, renamed(member, from, to)]))
}

it.each(['yes', '1e3', '12', 'null', 'a: b', 'a #b', '{x}', '*x', 'x\n  evil: true', '"x', "'x", '- x', '%x', '@x'])(
  'a value that is text stays that text: %j',
  async text => {
    expect(await rendered(valuesWith(text))).toEqual(renamed(plain, 'plain-text', text))
  },
  60_000,
)
