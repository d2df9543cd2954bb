import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import type { Auth } from '../../src/api/auth.ts'
import { at, isObject, stringAt } from '../../src/api/json.ts'
import { shellWord, yamlText } from '../../src/snippets/quote.ts'
import { snippets } from '../../src/snippets/registry.ts'
import type { SnippetHook, SnippetText } from '../../src/snippets/snippet.ts'
import { fc, property } from '../support/property.ts'

const url = 'https://hooks.example.com/v1/trigger/eyJhbGciOiJFZERTQSJ9.e30.c2ln'
const hook: SnippetHook = { namespace: 'shop', name: 'web-up', url }

const auths: Readonly<Record<string, Auth | undefined>> = {
  'nothing beside the URL': undefined,
  bearer: { form: 'bearer', secret: 'alerts', key: 'token' },
  basic: { form: 'basic', secret: 'alerts' },
  hmac: { form: 'hmac', secret: 'alerts', key: 'secret', header: 'X-Hub-Signature-256', prefix: 'sha256=' },
  sns: { form: 'sns', topicArn: 'arn:aws:sns:eu-central-1:123456789012:web-load' },
}
const hooks: readonly SnippetHook[] = Object.values(auths).flatMap(auth => {
  const asked = auth === undefined ? hook : { ...hook, auth }
  return [asked, { ...asked, secretName: 'web-up-url' }, { ...asked, name: '9.a-hook.with-dots' }]
})

const textsOf = (name: string, of: SnippetHook): readonly SnippetText[] =>
  snippets.find(snippet => snippet.name === name)?.texts(of) ?? []
const yamlOf = (name: string, of: SnippetHook, which = 0): unknown =>
  parse(textsOf(name, of).filter(({ language }) => language === 'yaml')[which]?.text ?? '', { strict: true })
const entriesOf = (value: unknown): [string, unknown][] => (isObject(value) ? Object.entries(value) : [])
const first = (list: unknown): unknown => (Array.isArray(list) ? list[0] : undefined)

/** What cannot be read in a text. */
const unreadable = ({ language, text }: SnippetText): unknown => {
  if (language === 'yaml') {
    const documents = parseAllDocuments(text, { strict: true, uniqueKeys: true })
    return documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])
  }
  if (language === 'sh' || language === 'console') return spawnSync('sh', ['-n'], { input: text }).stderr.toString()
  return ''
}

describe.each(snippets)('the configuration of $name', ({ texts }) => {
  it('can be read, whatever the hook asks of a sender', () => {
    for (const of of hooks) {
      for (const text of texts(of)) {
        expect([text.text, unreadable(text)]).toEqual([text.text, text.language === 'yaml' ? [] : ''])
        expect(text.text).toMatch(/[^\n ]\n$/)
        expect(text.where).toMatch(/^[^\n]+[.:]$/)
      }
    }
  })

  it('has the URL or the Secret that holds it, and no word of undefined', () => {
    for (const of of hooks) {
      const all = texts(of).map(({ text, where }) => where + text)
      expect(all.join('\n')).toMatch(of.secretName === undefined ? url : /web-up-url|eyJ/)
      expect(all.join('\n')).not.toMatch(/undefined|\[object/)
    }
  })

  it('does not show what is in the Secret of auth, and says which one it is', () => {
    for (const of of hooks.filter(({ auth }) => auth !== undefined)) {
      expect(
        texts(of)
          .map(({ text, where }) => where + text)
          .join('\n'),
      ).toMatch(/alerts|auth\.(bearer|basic|hmac|sns)/)
    }
  })
})

describe('Alertmanager', () => {
  it('reads the URL from the Secret first, by its operator and from a file', () => {
    const kept = { ...hook, secretName: 'web-up-url' }
    const receiver = first(at(yamlOf('alertmanager', kept), 'spec', 'receivers'))
    expect(at(first(at(receiver, 'webhookConfigs')), 'urlSecret')).toEqual({ name: 'web-up-url', key: 'url' })
    const configuration = first(at(first(at(yamlOf('alertmanager', kept, 1), 'receivers')), 'webhook_configs'))
    expect(at(configuration, 'url_file')).toBe('/etc/alertmanager/secrets/web-up-url/url')
    expect(JSON.stringify(textsOf('alertmanager', kept))).not.toContain(url)
  })

  it('proves what the hook asks for from files', () => {
    const asked = auths['bearer']
    const configuration = yamlOf('alertmanager', { ...hook, ...(asked && { auth: asked }) })
    const webhook = first(at(first(at(configuration, 'receivers')), 'webhook_configs'))
    expect(at(webhook, 'url')).toBe(url)
    expect(stringAt(webhook, 'http_config', 'authorization', 'credentials_file')).toBe(
      '/etc/alertmanager/secrets/alerts/token',
    )
  })
})

it('GitHub Actions runs a script that names the delivery by the run', () => {
  for (const of of hooks) {
    const workflow = yamlOf('github-actions', of)
    const jobs = entriesOf(at(workflow, 'jobs'))
    expect(jobs).toHaveLength(1)
    const [id = '', job] = jobs[0] ?? []
    expect(id).toMatch(/^[A-Za-z_][\w-]*$/)
    const step = first(at(job, 'steps'))
    const script = stringAt(step, 'run') ?? ''
    expect(spawnSync('sh', ['-n'], { input: script }).stderr.toString()).toBe('')
    const variables = [...script.matchAll(/\$([A-Z_]+)/g)].map(([, name = '']) => name)
    const given = entriesOf(at(step, 'env')).map(([name]) => name)
    const own = [...script.matchAll(/^([A-Z_]+)=/gm)].map(([, name = '']) => name)
    expect(variables.filter(name => !given.includes(name) && !own.includes(name))).toEqual([])
  }
})

describe('quoting', () => {
  const text = fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0'))

  property('gives a shell the very text', [fc.array(text, { minLength: 20 })], texts => {
    const script = texts.map(text => `printf '%s\\0' ${shellWord(text)}`).join('\n')
    expect(spawnSync('sh', { input: script }).stdout.toString()).toBe(texts.map(text => `${text}\0`).join(''))
  })

  property(
    'gives YAML the very text',
    [fc.oneof(text, fc.constantFrom('yes', 'null', '1e3', 'a: b', 'a #b'))],
    text => {
      for (const version of ['1.1', '1.2'] as const) {
        expect(parse(`a: ${yamlText(text)}\n`, { version })).toEqual({ a: text })
      }
    },
  )
})

it('nothing here needs more than a browser has', () => {
  const imports = globSync('src/snippets/*.ts').flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/^import (type )?.*from '(.+)'/gm)].map(([, type, from = '']) => ({
      type,
      from,
    })),
  )
  expect(imports.filter(({ type, from }) => type === undefined && !from.startsWith('./'))).toEqual([])
})
