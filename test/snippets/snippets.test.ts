import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { at, parseJson, stringAt } from '../../src/api/json.ts'
import { deliveryOf } from '../../src/senders/registry.ts'
import { alertmanager } from '../../cli/snippets/alertmanager.ts'
import { yamlText } from '../../cli/snippets/quote.ts'
import { shellWord } from '../../cli/snippets/shell-word.ts'
import { snippets } from '../../cli/snippets/registry.ts'
import { snippetHook } from '../../cli/snippets/hook.ts'
import type { SnippetHook, SnippetText } from '../../cli/snippets/snippet.ts'
import { writeSnippet } from '../../cli/snippets/write.ts'
import { fc, property } from '../support/property.ts'
import { auths, exampleURL, knownHooks } from './known-hooks.ts'

const hook: SnippetHook = { namespace: 'shop', name: 'web-up', url: exampleURL }

const textsOf = (name: string, of: SnippetHook): readonly SnippetText[] => {
  const snippet = snippets.find(snippet => snippet.name === name)
  const written = snippet && writeSnippet(snippet, of)
  return written !== undefined && 'texts' in written ? written.texts : []
}
const refusalOf = (name: string, of: SnippetHook): string => {
  const snippet = snippets.find(snippet => snippet.name === name)
  const written = snippet && writeSnippet(snippet, of)
  return written !== undefined && 'refused' in written ? written.refused : ''
}

/** Returns what cannot be read in a text. */
const unreadable = ({ language, text }: SnippetText): unknown => {
  switch (language) {
    case 'yaml': {
      const documents = parseAllDocuments(text, { strict: true, uniqueKeys: true })
      return documents.flatMap(({ errors, warnings }) => [...errors, ...warnings].map(String)).join()
    }
    case 'sh':
    case 'console':
      return spawnSync('sh', ['-n'], { input: text }).stderr.toString()
    case 'json':
      return parseJson(text) === undefined ? 'nothing' : ''
    case 'javascript':
    case 'handlebars':
    case 'text':
      return ''
  }
}

describe.each(snippets)('the configuration of $name', snippet => {
  it('can be read, for everything that a hook may require of a sender', () => {
    for (const of of knownHooks) {
      for (const text of textsOf(snippet.name, of)) {
        expect([text.text, unreadable(text)]).toEqual([text.text, ''])
        expect(text.text).toMatch(/[^\n ]\n$/)
        expect(text.where).toMatch(/^[^\n]+[.:]$/)
      }
    }
  })

  it('has the URL or the Secret that holds it, and no word of undefined', () => {
    for (const of of knownHooks) {
      const texts = textsOf(snippet.name, of)
      if (texts.length === 0) continue
      const all = texts.map(({ text, where }) => where + text).join('\n')
      // The token stands in the URL or by itself.
      expect(all).toMatch(of.secretName === undefined ? (exampleURL.split('/').at(-1) ?? '') : /web-up-url|eyJ/)
      expect(all).not.toMatch(/undefined|\[object/)
    }
  })

  it('says which Secret has what the hook asks for, or is refused with the field of it', () => {
    for (const of of knownHooks.filter(({ auth }) => auth !== undefined)) {
      const texts = textsOf(snippet.name, of)
      const said =
        texts.length === 0 ? refusalOf(snippet.name, of) : texts.map(({ text, where }) => where + text).join()
      expect(said).toMatch(
        /alerts|auth\.(bearer|basic|header|hmac|standardWebhooks|sns|oidc)|web-load|ID_TOKEN|id_token|id-token|push-auth|driver restart/,
      )
    }
  })

  it('has the name of its hook, and of no other', () => {
    const texts = textsOf(snippet.name, { ...hook, name: 'another-one', namespace: 'elsewhere' })
    const all = texts.map(({ text, where }) => where + text).join('\n')
    expect(all).not.toMatch(/web-up|web-push|namespace: shop|-n shop/)
    // What these make has no name of one's own choice.
    const nameless = ['curl', 'github', 'gitea', 'image', 'new-relic', 'nexus', 'prometheus', 'sns', 'zabbix']
    expect(nameless.includes(snippet.name) || /another-?one/.test(all)).toBe(true)
  })
})

describe('the names that a product gives', () => {
  /** Hooks whose names differ by little. */
  const alike: readonly (readonly [string, string])[] = [
    ['shop', 'web-up'],
    ['shop', 'web-down'],
    ['prod', 'web-up'],
    ['shop-web', 'up'],
    ['shop', 'web.up'],
    ['shop--web', 'up'],
    ['shop', `${'web-'.repeat(20)}up`],
    ['shop', `${'web-'.repeat(20)}down`],
  ]
  // What names the thing that one snippet makes, and that a second one of the same name would replace.
  it.each([
    ['github-actions', /gh secret set (\w+)|workflows\/(\S+)\.yaml/g],
    ['gitlab-ci', /The value of the variable (\w+)|^"?(run [^:"]+)/gm],
    ['alertmanager', /receiver: (?!nobody)(\S+)/g],
    ['harbor', /"name":"([^"]+)"/g],
    ['grafana', /alerting\/(\S+)\.yaml|uid: (\S+)|name: (\S+)|\$(HOOK_\w+)/g],
    ['zabbix', /macro `\{\$(\w+)\}/g],
    ['flux', /^  name: (\S+)/gm],
    ['argo-cd', /^  (\S+): /gm],
    ['ecr', /--stack-name (\S+)/g],
    ['datadog', /@webhook-([^`]+)/g],
    ['jfrog', /"key": "(.+)"/g],
    ['acr', /--name (\w+)/g],
    ['azure-monitor', /actionGroups",\s+"apiVersion": "\S+",\s+"name": "(.+)"/g],
    ['artifact-registry', /create (\S+)/g],
  ])('are of one hook alone: %s', (product, pattern) => {
    const names = alike.map(([namespace, name]) => {
      const all = textsOf(product, { ...hook, namespace, name })
        .map(({ text, where }) => `${where}\n${text}`)
        .join('\n')
      return new Set([...all.matchAll(pattern)].map(found => found.slice(1).find(Boolean)))
    })
    for (const [index, of] of names.entries()) {
      expect(of.size).toBeGreaterThan(0)
      for (const other of names.slice(index + 1)) {
        expect([...of].filter(name => other.has(name))).toEqual([])
      }
    }
  })

  it.each(['bearer', 'basic', 'header', 'hmac'])('are of one hook alone for what auth asks: %s', form => {
    const auth = Object.values(auths).find(one => one?.form === form)
    const keptOf = (product: string, pattern: RegExp, name: string): readonly (string | undefined)[] =>
      textsOf(product, { ...hook, name, ...(auth && { auth }) }).flatMap(({ text, where }) =>
        [...`${where}\n${text}`.matchAll(pattern)].map(found => found[1]),
      )
    for (const [product, pattern] of [
      ['github-actions', /gh secret set (\w+)/g],
      ['gitlab-ci', /(\w+) \(what Secret/g],
    ] as const) {
      const [up, down] = [keptOf(product, pattern, 'web-up'), keptOf(product, pattern, 'web-down')]
      expect(up.length).toBeGreaterThan(0)
      expect(up.filter(name => down.includes(name))).toEqual([])
    }
  })

  it('are short enough for each product, and have no character that it refuses', () => {
    for (const [namespace, name] of alike) {
      const texts = (product: string): string =>
        textsOf(product, { ...hook, namespace, name })
          .map(({ text, where }) => `${where}\n${text}`)
          .join('\n')
      // https://github.com/grafana/grafana/blob/main/pkg/util/shortid_generator.go
      expect(texts('grafana')).toMatch(/uid: [A-Za-z0-9_-]{1,40}\n/)
      expect(texts('argo-cd')).toMatch(/notifications\.argoproj\.io\/(?=[^:]{3,63}:)subscribe\.[\w-]+\.[\w-]+:/)
      expect(texts('acr')).toMatch(/--name [a-z0-9]{5,50} /)
      expect(texts('ecr')).toMatch(/--stack-name [A-Za-z][A-Za-z0-9-]{0,127} /)
    }
  })
})

describe('what is refused', () => {
  const refused = (of: SnippetHook): readonly string[] =>
    snippets.filter(({ name }) => refusalOf(name, of) !== '').map(({ name }) => name)
  const all = snippets.map(({ name }) => name)

  it('is none where the hook takes any post', () => {
    expect(refused(hook)).toEqual([])
    expect(refused({ ...hook, pushes: { restarts: true } })).toEqual([])
  })

  it('is what names no image where the hook rolls out what was pushed', () => {
    const takes = all.filter(name => !refused({ ...hook, pushes: { restarts: false } }).includes(name))
    const scripts = ['curl', 'image', 'github-actions', 'gitlab-ci']
    const registries = ['docker-hub', 'github', 'distribution', 'harbor', 'acr', 'alibaba', 'artifact-registry', 'ecr']
    expect(takes.toSorted()).toEqual([...scripts, ...registries, 'gitea', 'jfrog', 'nexus', 'quay'].toSorted())
    expect(refusalOf('alertmanager', { ...hook, pushes: { restarts: false } })).toMatch(
      /NotForThisHook.*driver restart/,
    )
  })

  it.each([
    ['bearer', 22],
    ['basic', 22],
    ['hmac-github', 9],
    ['hmac-grafana', 8],
    ['hmac-flux', 8],
    ['hmac-grafana-time', 7],
    ['hmac-slack', 6],
    ['header', 16],
    ['standard-webhooks', 7],
    ['oidc-github', 1],
    ['oidc-gitlab', 2],
    ['oidc-google', 1],
    ['oidc-account', 2],
    ['sns', 1],
  ])('leaves, for a hook with the auth %s, those that can prove it: at least %d', (name, count) => {
    const auth = auths[name]
    expect(all.length - refused({ ...hook, ...(auth && { auth }) }).length).toBeGreaterThanOrEqual(count)
  })

  it('is a header that the product lets nobody set', () => {
    const of = (header: string): SnippetHook => ({
      ...hook,
      auth: { form: 'header', secret: 'alerts', key: 'token', header },
    })
    expect(refusalOf('alertmanager', of('authorization'))).toBe(
      "Alertmanager doesn't let you set the header authorization, which this hook asks for: name another in auth.header, or use auth.bearer or auth.basic",
    )
    expect(refusalOf('alertmanager', of('X-Alert-Secret'))).toBe('')
    expect(refusalOf('grafana', of('X-Alert-Secret'))).toBe('')
    for (const header of ['Authorization', 'User-Agent', 'X-Real-IP'])
      expect(refusalOf('grafana', of(header))).toBe(
        `Grafana doesn't let you set the header ${header}, which this hook asks for: name another in auth.header, or use auth.bearer or auth.basic`,
      )
    expect(refusalOf('curl', of('authorization'))).toBe('')
  })

  it('says how a product signs where the hook asks for another signature', () => {
    const auth = auths['hmac-grafana']
    expect(refusalOf('github', { ...hook, ...(auth && { auth }) })).toBe(
      'GitHub and its container registry signs with "X-Hub-Signature-256: sha256=…", but this hook asks for "X-Grafana-Alerting-Signature: …": change auth.hmac',
    )
  })
})

describe('a hook whose URL has its name', () => {
  const url = 'https://hooks.example.com/v1/hooks/shop/web-up'
  const bearer = auths['bearer']
  const named: SnippetHook = { ...hook, url, hasNamedURL: true }

  it('is posted to at that URL by each product that can prove it, and no product takes a token out of it', () => {
    for (const snippet of snippets) {
      const written = writeSnippet(snippet, { ...named, ...(bearer && { auth: bearer }) })
      const text = 'texts' in written ? written.texts.map(({ text, where }) => text + where).join('\n') : url
      expect(text).toContain(url)
      expect(text).not.toMatch(/Bearer web-up|token\.secretName/)
    }
  })

  it('with auth.oidc needs no secret in a pipeline, and each gets its token itself', () => {
    const textFor = (product: string, name: string): string => {
      const auth = auths[name]
      return textsOf(product, { ...named, rollsOut: true, ...(auth && { auth }) })
        .map(({ text, where }) => where + text)
        .join('\n')
    }
    const [github, gitlab] = [textFor('github-actions', 'oidc-github'), textFor('gitlab-ci', 'oidc-gitlab')]
    for (const text of [github, gitlab]) expect(text).not.toMatch(/secret set|secrets\.|HOOK_|masked/)
    expect(github).toContain('id-token: write')
    expect(github).toContain(`--data-urlencode audience=${url}`)
    const google = textFor('artifact-registry', 'oidc-google')
    expect(google).toContain(
      `--push-auth-service-account=pusher@acme.iam.gserviceaccount.com --push-auth-token-audience=${url}`,
    )
    const pod = textFor('cron-job', 'oidc-account')
    expect(pod).toContain('serviceAccountName: poster')
    expect(pod).toContain(`audience: ${url}`)
    expect(pod).not.toContain('create secret')
    expect(refusalOf('gitlab-ci', { ...named, ...(auths['oidc-github'] && { auth: auths['oidc-github'] }) })).toBe(
      'this hook expects tokens from https://token.actions.githubusercontent.com, but that issuer gives GitLab CI none: change auth.oidc',
    )
  })

  it.each([url, 'a$HOME', '${HOME}', 'https://hooks.example.com/%c3%a4', '$$HOME', '%HOME%'])(
    'with auth.oidc gets from GitLab a token for its audience, in which GitLab expands nothing: %s',
    audience => {
      const gitlab = auths['oidc-gitlab']
      const [text] = textsOf('gitlab-ci', {
        ...named,
        ...(gitlab?.form === 'oidc' && { auth: { ...gitlab, audience } }),
      })
      const job = at(parse(text?.text ?? ''), 'run shop/web-up')
      // https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/expand_variables.rb
      const expanded = (stringAt(job, 'id_tokens', 'ID_TOKEN', 'aud') ?? '').replaceAll(
        /\$([a-zA-Z_]\w*)|\$\{([a-zA-Z_]\w*)\}|%([a-zA-Z_]\w*)%/g,
        (_match, ...[bare, braced, percent]: readonly string[]) =>
          stringAt(job, 'variables', bare ?? braced ?? percent ?? '', 'value') ?? '',
      )
      expect(expanded).toBe(audience)
      expect(at(job, 'variables', 'ID_TOKEN_AUDIENCE', 'expand')).toBe(false)
    },
  )

  it('with a secret in the path is posted to by every product, and with no header of ours', () => {
    const spec = { token: { url: 'named' }, auth: { path: { secretKeyRef: { name: 'sender', key: 'path' } } } }
    const inPath = snippetHook('web-up', 'shop', spec, `${url}/SECRET-IN-PATH`)
    expect(inPath).toEqual({ namespace: 'shop', name: 'web-up', url: `${url}/SECRET-IN-PATH`, hasNamedURL: true })
    for (const snippet of snippets) {
      const text = textsOf(snippet.name, inPath).map(({ text }) => text)
      expect(text.join('\n')).toContain(`${url}/SECRET-IN-PATH`)
    }
  })
})

it('New Relic sends no token if the URL has the only secret', () => {
  const where = (of: SnippetHook): string => textsOf('new-relic', of)[0]?.where ?? ''
  expect(where(hook)).toContain('choose Bearer token and enter TOKEN.')
  expect(where({ ...hook, hasNamedURL: true })).not.toMatch(/TOKEN|authorization/)
})

describe('Amazon ECR', () => {
  const templateOf = (of: SnippetHook): unknown => parse(textsOf('ecr', of)[0]?.text ?? '')
  const endpoint = ['Resources', 'Destination', 'Properties', 'InvocationEndpoint']
  const key = ['Resources', 'Connection', 'Properties', 'AuthParameters', 'ApiKeyAuthParameters', 'ApiKeyValue']
  const withToken = (length: number): SnippetHook => ({
    ...hook,
    url: `https://hooks.example.com/v1/trigger/${'t'.repeat(length)}`,
  })

  it('sends the token in a header, which has at most 512 characters', () => {
    const template = templateOf(withToken(505))
    expect(at(template, ...endpoint)).toBe('https://hooks.example.com/v1/trigger')
    expect(at(template, ...key)).toEqual({ 'Fn::Sub': 'Bearer ${Token}' })
  })

  it.each([
    ['a longer token', withToken(506)],
    ['a secret in the path', { ...hook, hasNamedURL: true as const }],
  ])('has %s in the URL, and asks for no parameter', (_what, of) => {
    const template = templateOf(of)
    expect(at(template, ...endpoint)).toBe(of.url)
    expect(at(template, ...key)).toBe('none')
    expect(at(template, 'Parameters')).toBeUndefined()
    expect(textsOf('ecr', of)).toHaveLength(1)
    expect(textsOf('ecr', of)[0]?.where).not.toContain('--parameter-overrides')
  })
})

describe('Argo CD', () => {
  const key = 'shop_web-up'
  const entry = (kind: string): unknown =>
    parse(stringAt(parse(textsOf('argo-cd', hook)[1]?.text ?? ''), 'data', `${kind}.${key}`) ?? '')
  const [trigger]: readonly unknown[] = [entry('trigger')].flat()

  // Both languages read such an expression alike.
  it.each([
    ['one source', { revision: 'a' }, { revision: 'b' }],
    ['several sources', { revision: '', revisions: ['a', 'b'] }, { revision: '', revisions: ['a', 'c'] }],
  ])('posts once for what an Application of %s has deployed', (_what, former, later) => {
    const keyFor = (syncResult: object): string =>
      String(
        runInNewContext(stringAt(trigger, 'oncePer') ?? '', { app: { status: { operationState: { syncResult } } } }),
      )
    expect(keyFor(former)).toBe(keyFor(structuredClone(former)))
    expect(keyFor(former)).not.toBe(keyFor(later))
    expect(keyFor(former)).not.toBe('')
  })

  it('posts what is one delivery if an answer is lost, and another one for another sync', () => {
    const posted = (uid: string, finishedAt: string) => {
      const app = {
        metadata: { uid, name: 'web' },
        status: { operationState: { finishedAt }, sync: { revision: 'a' } },
      }
      // What Go's template makes of the body.
      const body = (stringAt(entry('template'), 'webhook', key, 'body') ?? '').replaceAll(
        /\{\{toJson (?:\(printf "(.+)%s" )?\.([\w.]+)\)?\}\}/g,
        (_, before = '', path = '') => JSON.stringify(`${before}${stringAt({ app }, ...String(path).split('.'))}`),
      )
      return deliveryOf({ headers: { 'content-type': 'application/json' }, json: parseJson(body) })
    }
    const [first, again] = [posted('1', '2026-01-01T10:00:00Z'), posted('1', '2026-01-01T10:00:00Z')]
    expect(first).toMatchObject({ sender: 'cloudevents', phase: 'none', identity: { newsAt: 0 } })
    expect(again.identity).toEqual(first.identity)
    expect(posted('1', '2026-01-01T10:05:00Z').identity).not.toEqual(first.identity)
    expect(posted('2', '2026-01-01T10:00:00Z').identity).not.toEqual(first.identity)
  })
})

describe('a script that waits for a rollout', () => {
  /** Runs the script with answers of these statuses, one after the other, and returns its exit code. */
  const exitCodeAfter = (...statuses: readonly number[]): number | null => {
    const folder = mkdtempSync(join(tmpdir(), 'wait-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const answers = statuses.map(
      (status, index) => `[ -e ${index} ] || { : > ${index}; printf '<p>x\\n${status}'; return; }`,
    )
    const stubs = ['sleep() { :; }', 'curl() {', ...answers, 'exit 9', '}']
    const script = textsOf('curl', { ...hook, rollsOut: true })[1]?.text ?? ''
    return spawnSync('sh', ['-c', `${stubs.join('\n')}\n${script}`], { cwd: folder }).status
  }

  it.each([202, 503, 502, 504])('asks again after %d', status => {
    expect(exitCodeAfter(status, 200)).toBe(0)
  })

  it.each([401, 409, 422])('fails at once after %d', status => {
    expect(exitCodeAfter(status, 200)).toBe(1)
  })
})

describe('what a registry is to report', () => {
  const registries = ['ecr', 'harbor', 'jfrog', 'quay']
  const allOf = (name: string, of: SnippetHook): string =>
    textsOf(name, of)
      .map(({ text, where }) => `${where}\n${text}`)
      .join('\n')

  it.each(registries)('is the image under the names that the registry has for it: %s', name => {
    const redeploy = { image: 'mirror.example.com/cache/team/web', pushedAs: ['registry.example.com/team/web'] }
    const text = allOf(name, snippetHook('web-up', 'shop', { driver: 'redeploy', redeploy }, exampleURL))
    expect(text).toMatch(
      { ecr: /- team\/web\n/, harbor: /projects\/team\//, jfrog: /"team\/web\//, quay: /\/team\/web\// }[name] ?? /^$/,
    )
    expect(text).not.toMatch(/Replace acme|(projects|repository)\/cache/)
  })

  it.each(registries)('is an example for a hook that names no image, and the text says so: %s', name => {
    for (const shown of [hook, { ...hook, pushes: { restarts: false } }]) {
      expect(allOf(name, shown)).toMatch(/Replace acme(\/web)? with your (repository|project|image)\./)
    }
  })
})

describe('JFrog Artifactory', () => {
  const patternsFor = (image: string): unknown => {
    const [text] = textsOf('jfrog', { ...hook, pushes: { restarts: false, image } })
    return at(parseJson(text?.text ?? ''), 'event_filter', 'criteria', 'includePatterns')
  }

  // The pattern is for the path in the repository, which may be in the host or the first part of the name.
  it.each([
    ['docker-local.acme.jfrog.io/web', ['web/**']],
    ['docker-local.acme.jfrog.io/team/web', ['team/web/**', 'web/**']],
    ['acme.jfrog.io/docker-local/team/web', ['docker-local/team/web/**', 'team/web/**']],
  ])('posts for the image %s, wherever its repository is in the name', (image, patterns) => {
    expect(patternsFor(image)).toEqual(patterns)
  })
})

describe('Alertmanager', () => {
  const token = exampleURL.split('/').at(-1) ?? ''
  const kept = { ...hook, secretName: 'web-up-url' }

  it('reads the token from the Secret first, by its operator and from a file, and posts it in a header', () => {
    const [operator, file] = alertmanager.texts(kept).map(({ text }) => parse(text) as unknown)
    const url = 'https://hooks.example.com/v1/trigger'
    const credentials = { name: 'web-up-url', key: 'token' }
    expect(operator).toMatchObject({
      spec: { receivers: [{ webhookConfigs: [{ url, httpConfig: { authorization: { credentials } } }] }] },
    })
    const authorization = { credentials_file: '/etc/alertmanager/secrets/web-up-url/token' }
    expect(file).toMatchObject({ receivers: [{}, { webhook_configs: [{ url, http_config: { authorization } }] }] })
    expect(JSON.stringify(alertmanager.texts(kept))).not.toContain(token)
  })

  it.each(['bearer', 'basic'])('reads the URL from the Secret where auth.%s wants the header for itself', form => {
    const auth = auths[form]
    const [operator, file] = alertmanager
      .texts({ ...kept, ...(auth && { auth }) })
      .map(({ text }) => parse(text) as unknown)
    expect(operator).toMatchObject({
      spec: { receivers: [{ webhookConfigs: [{ urlSecret: { name: 'web-up-url', key: 'url' } }] }] },
    })
    expect(file).toMatchObject({
      receivers: [{}, { webhook_configs: [{ url_file: '/etc/alertmanager/secrets/web-up-url/url' }] }],
    })
  })

  /** Returns the seconds of an interval in a text. */
  const secondsOf = (text: string, name: string): number => {
    const [, count, unit] = new RegExp(`${name}: (\\d+)([smh])$`, 'm').exec(text) ?? []
    return Number(count) * { s: 1, m: 60, h: 3600 }[unit === 'm' || unit === 'h' ? unit : 's']
  }

  property(
    'repeats three times within the `for` of a hook that leases, and not often',
    [fc.integer({ min: 12_000, max: 7 * 24 * 3_600_000 })],
    forMs => {
      for (const { text } of alertmanager.texts({ ...kept, forMs })) {
        const [interval, repeat] = ['(?:group_interval|groupInterval)', '(?:repeat_interval|repeatInterval)'].map(
          name => secondsOf(text, name),
        )
        expect(text).toContain('lasts at least three repeats')
        expect(3 * ((interval ?? NaN) + (repeat ?? NaN))).toBeLessThanOrEqual(forMs / 1000)
        expect(5 * ((interval ?? NaN) + (repeat ?? NaN))).toBeGreaterThan(forMs / 1000 - 10)
      }
    },
  )

  it('says that a `for` is too short for any repeat', () => {
    const spec = { driver: 'scale', for: '2s' }
    const [{ text } = { text: '' }] = alertmanager.texts(snippetHook('web-up', 'shop', spec, exampleURL))
    expect(text).toContain("# The hook's `for` is too short: it must last at least three repeats, 6s.")
  })

  it('has the intervals of the page on leases for its hook', () => {
    const page = readFileSync('docs/how-to/scale-for-a-while.md', 'utf8')
    const [, lasts = ''] = /^  for: (20m)$/m.exec(page) ?? []
    const spec = { driver: 'scale', for: lasts }
    const [{ text } = { text: '' }] = alertmanager.texts(snippetHook('web-busy', 'shop', spec, exampleURL))
    for (const name of ['group_interval', 'repeat_interval']) {
      expect([name, secondsOf(text, name)]).toEqual([name, secondsOf(page, name)])
    }
  })

  it('has the intervals of the page on autoscaling', () => {
    const page = readFileSync('docs/how-to/autoscale-with-alertmanager.md', 'utf8')
    const [{ text } = { text: '' }] = alertmanager.texts(hook)
    for (const name of ['group_wait', 'group_interval', 'repeat_interval']) {
      const [, own] = new RegExp(`${name}: (\\w+)`).exec(text) ?? []
      expect([name, own]).toEqual([name, new RegExp(`${name}: (\\w+)`).exec(page)?.[1]])
    }
  })
})

describe('a product that hides the header Authorization', () => {
  const hides = ['alertmanager', 'grafana', 'new-relic', 'pagerduty', 'zabbix', 'ecr', 'gitea']
  const ofPipelines = ['github-actions', 'gitlab-ci', 'argo-cd', 'flux', 'gitlab', 'cron-job']

  it('gets the token by itself, and no other product does', () => {
    const whole = snippets.filter(({ name }) => textsOf(name, hook).some(({ text }) => text.includes(exampleURL)))
    const others = snippets.map(({ name }) => name).filter(name => !whole.some(snippet => snippet.name === name))
    expect(others.toSorted()).toEqual([...hides, ...ofPipelines].toSorted())
  })

  it.each([...hides, ...ofPipelines])('gets the URL with the token where auth.bearer takes the header: %s', name => {
    const auth = auths['bearer']
    const texts = textsOf(name, { ...hook, ...(auth && { auth }) })
    expect(texts.map(({ text }) => text).join()).toContain(exampleURL)
  })
})

describe('quoting', () => {
  const text = fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0'))

  property('gives a shell the very text', [fc.array(text, { minLength: 20 })], texts => {
    const script = texts.map(text => `printf '%s\\0' ${shellWord(text)}`).join('\n')
    expect(spawnSync('sh', { input: script }).stdout.toString()).toBe(texts.map(text => `${text}\0`).join(''))
  })

  property(
    'gives YAML the very text',
    [fc.oneof(text, fc.constantFrom('yes', 'null', '1e3', 'a: b', 'a #b', '\u0085', '\u007f', '\ufeff'))],
    text => {
      for (const version of ['1.1', '1.2'] as const) {
        expect(parse(`a: ${yamlText(text)}\n`, { version })).toEqual({ a: text })
      }
    },
  )
})

it('nothing here needs more than a browser has', () => {
  const imports = globSync('cli/snippets/*.ts').flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(/^import (type )?.*from '(.+)'/gm)].map(([, type, from = '']) => ({
      type,
      from,
    })),
  )
  expect(imports.filter(({ type, from }) => type === undefined && !/^\.\/|^\.\.\/\.\.\/src\/api\//.test(from))).toEqual(
    [],
  )
})
