import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { at, isObject } from '../../src/api/json.ts'
import { endsToo } from '../../cli/snippets/ends-too.ts'
import { snippets } from '../../cli/snippets/registry.ts'
import { listAt, objectsIn } from '../deploy/manifests.ts'

/** The member that has a product post the end of an alert, and what it has to be. */
const members = { send_resolved: true, sendResolved: true, disableResolveMessage: false } as const

/** Returns every list of webhooks in a value, and in the configurations that its ConfigMaps hold as text. */
const webhooksIn = (value: unknown): readonly unknown[] => {
  if (typeof value === 'string') return value.includes('webhook_configs:') ? objectsIn(value).flatMap(webhooksIn) : []
  if (Array.isArray(value)) return value.flatMap(webhooksIn)
  if (!isObject(value)) return []
  const own = at(value, 'type') === 'webhook' ? [value] : []
  const listed = [...listAt(value, 'webhook_configs'), ...listAt(value, 'webhookConfigs')]
  return [...own, ...listed, ...Object.values(value).flatMap(webhooksIn)]
}

const files = globSync('deploy/examples/**/*.yaml').map(file => [file, readFileSync(file, 'utf8')] as const)
const pages = ['README.md', ...globSync('docs/how-to/*.md')].flatMap(page =>
  [...readFileSync(page, 'utf8').matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, text = '']) => [page, text] as const),
)
const hook = { namespace: 'shop', name: 'web-up', url: 'https://hooks.example.com/v1/trigger/e.e.e' }
const made = snippets
  .filter(({ group }) => group === 'alerts')
  .flatMap(({ name, texts }) =>
    [hook, { ...hook, secretName: 'web-up-url' }].flatMap(of =>
      texts(of).map(({ text }) => [`snippet ${name}`, text] as const),
    ),
  )

const texts = [...files, ...pages, ...made].filter(([, text]) => /webhook_?configs:|contactPoints:/i.test(text))

describe('each sender of alerts posts their ends too, so that onResolved has something to go by', () => {
  it('is looked at in the examples, the pages, the snippets and the senders', () => {
    const where = texts.map(([name]) => name)
    for (const some of ['deploy/examples/tutorial', 'deploy/examples/alertmanager', 'docs/how-to/auto'])
      expect(where.filter(name => name.startsWith(some))).not.toEqual([])
    expect(where).toEqual(expect.arrayContaining(['snippet grafana', 'snippet alertmanager']))
  })

  it.each(texts)('%s', (_, text) => {
    const webhooks = objectsIn(text).flatMap(webhooksIn)
    expect(webhooks).not.toEqual([])
    for (const webhook of webhooks) {
      const said = Object.entries(members).filter(([name]) => at(webhook, name) !== undefined)
      expect(said.map(([name, right]) => at(webhook, name) === right)).toEqual([true])
    }
  })

  it.each(texts.filter(([name]) => !name.endsWith('.md')))('%s says why', (_, text) => {
    expect(text).toContain(endsToo)
  })
})
