import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { at, stringAt } from '../../src/api/json.ts'
import { snippetHook } from '../../cli/snippets/hook.ts'
import { shellWord } from '../../cli/snippets/shell-word.ts'
import type { SnippetHook, SnippetText } from '../../cli/snippets/snippet.ts'
import { snippetNamed, writeSnippet } from '../../cli/snippets/write.ts'
import { exampleURL } from './known-hooks.ts'

const hook: SnippetHook = { namespace: 'shop', name: 'web-up', url: exampleURL }

const textsOf = (name: string, of: SnippetHook): readonly SnippetText[] => {
  const snippet = snippetNamed(name)
  const written = snippet && writeSnippet(snippet, of)
  return written !== undefined && 'texts' in written ? written.texts : []
}

describe('GitHub Actions, for a hook that rolls out images', () => {
  const pushed = (tags: object) =>
    textsOf('github-actions', snippetHook('web-push', 'shop', { driver: 'redeploy', redeploy: { tags } }, exampleURL))

  it('runs on tags, and posts their names, where the hook takes versions', () => {
    const [, ...workflows] = pushed({ semver: '~1.4' })
    expect(workflows).toHaveLength(2)
    for (const { text } of workflows) {
      expect(at(parse(text), 'on')).toEqual({ push: { tags: ['*'] } })
      expect(text).toContain('TAG: ${{ github.ref_name }}\n')
    }
    expect(pushed({ glob: 'v*' })[1]?.text).toContain('TAG: ${{ github.sha }}\n')
  })

  it.each([
    ['{"outcome":"applied","reason":"RolledOut"}', 0],
    ['{"outcome":"unchanged","reason":"UpToDate"}', 0],
    ['{"outcome":"skipped","reason":"Duplicate"}', 0],
    ['{"outcome":"skipped","reason":"NotForThisHook"}', 1],
  ])('the job without wait that is answered %s ends with %i', (answer, code) => {
    const [, { text } = { text: '' }] = pushed({ semver: '~1.4' })
    const steps: unknown = at(parse(text), 'jobs', 'run-hook', 'steps')
    const script = stringAt(Array.isArray(steps) ? steps[0] : undefined, 'run') ?? ''
    expect(script).toContain('curl ')
    const curl = `curl() { printf %s ${shellWord(answer)}; }\n`
    expect(spawnSync('bash', ['-e', '-c', curl + script]).status).toBe(code)
  })
})

it.each([
  [
    'http://127.0.0.1:8080/v1/trigger/eyJ',
    /^Only this machine reaches 127\.0\.0\.1: for a sender elsewhere, set the installation's --public-url/,
  ],
  ['http://[::1]:8080/v1/trigger/eyJ', /^Only this machine reaches \[::1\]: /],
  [
    'http://receiver-hooks.receiver-hooks.svc/v1/trigger/eyJ',
    /^Only pods of the cluster reach receiver-hooks\.receiver-hooks\.svc: /,
  ],
  ['http://receiver-hooks.receiver-hooks.svc.cluster.local:8080/v1/trigger/eyJ', /^Only pods of the cluster reach /],
  ['https://hooks.example.com/v1/trigger/eyJ', /^(?!Only)/],
  ['[not shown]', /^(?!Only)/],
])('a text for a hook whose URL is %s says who reaches it', (url, says) => {
  for (const name of ['github', 'harbor', 'github-actions']) {
    expect(textsOf(name, { ...hook, url })[0]?.where).toMatch(says)
  }
})
