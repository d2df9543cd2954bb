import { runInNewContext } from 'node:vm'
import { afterAll, expect, test } from 'vitest'
import fc from 'fast-check'
import { parse, parseAllDocuments } from 'yaml'
import type { SentAuth } from '../../src/api/auth.ts'
import { at, isObject, parseJson, stringAt } from '../../src/api/json.ts'
import { pathOfURL } from '../../cli/snippets/pushed-paths.ts'
import { snippets } from '../../cli/snippets/registry.ts'
import type { Snippet, SnippetHook, SnippetText } from '../../cli/snippets/snippet.ts'
import { runs } from '../support/runs.ts'
import { ofGithub, shellWith, type Shell } from './products.ts'

/** Any text in any member of a hook stands for itself in every language: it never becomes a command, a member or an expression. */

/** What means something in one of the languages. */
const bits = [
  ...["'", '"', '`', '\\', '$', '&', ';', '|', '<', '>', '(', ')', '{', '}', '[', ']', '#', ':', ' ', '\n', '\r', '\t'],
  ...['$(id)', '`id`', "'; id; '", '"; id; "', '$HOME', '${IFS}', '&& id', '| id', '\\\n', 'EOF', '!', '~', '*', '-'],
  ...['${{ toJSON(secrets) }}', '${{', '}}', '{{ .Values }}', '{{json x}}', '%s', '%0a', '[concat(x)]', '*/', '//'],
  ...['a: b', '- a', '&a', '*a', '!!js', '---\n', '\u001b[31m', '\u0085', '\u2028', '\ufeff', 'é', '日本', '🙂'],
]
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...bits), fc.string({ unit: 'grapheme', maxLength: 4 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map(parts => parts.join('').replaceAll('\0', ''))
  .map(text => `x${text}x`)

const authOf = (secret: string, key: string, header: string, prefix: string): readonly (SentAuth | undefined)[] => [
  undefined,
  { form: 'bearer', secret, key },
  { form: 'basic', secret },
  { form: 'hmac', secret, key, header, prefix },
  { form: 'header', secret, key, header },
  { form: 'standardWebhooks', secret, key, toleranceMs: 300_000 },
  {
    form: 'oidc',
    issuer: header,
    audience: secret,
    claims: [
      { name: 'sub', oneOf: [`system:serviceaccount:${prefix}:${key}`] },
      { name: 'email', oneOf: [key] },
    ],
  },
  { form: 'sns', topicArn: secret },
]

const hooksFor = ({ proves: { forms } }: Snippet): fc.Arbitrary<SnippetHook> =>
  fc
    .record({
      namespace: hostile,
      name: hostile,
      url: fc.oneof(
        hostile,
        hostile.map(text => `https://hooks.example.com/${text}`),
      ),
      secret: hostile,
      key: hostile,
      header: hostile,
      prefix: hostile,
      image: fc.option(hostile, { nil: undefined }),
      pushedAs: fc.array(hostile, { maxLength: 2 }),
      secretName: fc.option(hostile, { nil: undefined }),
      pushes: fc.boolean(),
      form: fc.constantFrom(undefined, ...forms),
    })
    .map(
      ({
        header,
        image,
        key,
        name,
        namespace,
        prefix,
        pushedAs,
        pushes,
        form,
        secret,
        secretName,
        url,
      }): SnippetHook => {
        const auth = authOf(secret, key, header, prefix).find(one => one?.form === form)
        return {
          namespace,
          name,
          url,
          ...(auth && { auth }),
          ...(secretName === undefined ? {} : { secretName }),
          ...(pushes && {
            pushes: { restarts: true, ...(image === undefined ? {} : { image, pushedAs: pushedAs.map(numbered) }) },
          }),
        }
      },
    )

/** Returns a text that no other one of its list is equal to: a product gets equal paths once. */
const numbered = (text: string, index: number): string => `${text}${index}`

/** Returns an image whose path has as many parts: a product may get a pattern for each of them. */
const harmlessImage = (image: string): string =>
  pathOfURL(image)
    .split('/')
    .map(() => 'plain')
    .join('/')

/** Returns the same hook with texts that mean nothing. */
const harmless = ({ auth, pushes, secretName }: SnippetHook): SnippetHook => ({
  namespace: 'plain',
  name: 'plain',
  url: 'https://hooks.example.com/plain',
  ...(auth && { auth: authOf('plain', 'plain', 'plain', 'plain').find(one => one?.form === auth.form) ?? auth }),
  ...(secretName === undefined ? {} : { secretName: 'plain' }),
  ...(pushes && {
    pushes: {
      restarts: true,
      ...(pushes.image === undefined ? {} : { image: harmlessImage(pushes.image) }),
      ...(pushes.pushedAs && { pushedAs: pushes.pushedAs.map(harmlessImage).map(numbered) }),
    },
  }),
})

/** Lists and members without their names and values. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shapeOf)
  return isObject(value) ? Object.values(value).map(shapeOf) : typeof value
}

const documentsIn = (text: string): readonly unknown[] =>
  parseAllDocuments(text, { strict: true, uniqueKeys: true }).map(document => {
    if (document.errors.length + document.warnings.length > 0) throw new Error(`${document.errors.join()}\n${text}`)
    return document.toJS() as unknown
  })

/** Programs that a snippet calls. Nothing else can be called, and a call of anything else is an error of the shell. */
const programs = ['curl', 'kubectl', 'gh', 'az', 'aws', 'gcloud', 'openssl', 'cut', 'base64', 'od', 'tr', 'date']

/** Returns the script in a document of a pipeline or a job, as the shell of its product gets it. */
const scriptIn = (name: string, document: unknown): string | undefined => {
  switch (name) {
    case 'github-actions':
      return ofGithub(stringAt(findMember(document, 'run'), 'run') ?? '', {})
    case 'gitlab-ci':
      return String(at(findMember(document, 'script'), 'script'))
    case 'cron-job': {
      const command = at(findMember(document, 'command'), 'command')
      return Array.isArray(command) ? String(command[2]) : undefined
    }
    default:
      return undefined
  }
}

const findMember = (value: unknown, name: string): unknown => {
  if (Array.isArray(value)) return value.map(item => findMember(item, name)).find(found => found !== undefined)
  if (!isObject(value)) return undefined
  return value[name] === undefined ? findMember(Object.values(value), name) : value
}

let shell: Shell | undefined
afterAll(() => shell?.remove())

/** Returns which programs a script calls, how often, with how many arguments, and whether the shell found anything wrong. */
const callsOf = async (script: string): Promise<{ calls: readonly (readonly string[])[]; stderr: string }> => {
  shell ??= shellWith(programs, { keep: true })
  shell.forget()
  const { stderr } = await shell.run(script, { KEY: 'k', HOOK_URL: 'u', TAG: 't', PATH_OF_HOOK: '' })
  return { calls: shell.calls(), stderr }
}

/** Those whose command has the URL as a word, and not inside JSON. */
const direct = ['acr', 'artifact-registry', 'curl', 'image', 'prometheus', 'sns']

const sameCalls = async (name: string, script: string, plain: string, url?: string): Promise<void> => {
  const [hostileRun, plainRun] = [await callsOf(script), await callsOf(plain)]
  const shape = (calls: readonly (readonly string[])[]) => calls.map(call => `${call[0]} with ${call.length}`).sort()
  expect({ name, script, calls: shape(hostileRun.calls), stderr: hostileRun.stderr }).toEqual({
    name,
    script,
    calls: shape(plainRun.calls),
    stderr: plainRun.stderr,
  })
  if (url === undefined || !direct.includes(name)) return
  const words = hostileRun.calls.flat()
  expect({ script, words, found: words.some(word => word === url || word.endsWith(`=${url}`)) }).toMatchObject({
    found: true,
  })
}

/** Returns what has to be in a configuration: the URL, or what stands before its token and that. */
const addresses = ({ url }: SnippetHook): readonly (readonly string[])[] => {
  const end = url.lastIndexOf('/')
  return [[url], [url.slice(0, Math.max(0, end)), url.slice(end + 1)]]
}

const hasAll = (value: unknown, texts: readonly string[]): boolean =>
  texts.every(text => JSON.stringify(value).includes(JSON.stringify(text).slice(1, -1)))

const check = async (snippet: Snippet, hook: SnippetHook): Promise<void> => {
  const texts = snippet.texts(hook)
  const plain = snippet.texts(harmless(hook))
  expect(texts.length).toBe(plain.length)
  for (const [index, text] of texts.entries()) {
    expect([snippet.name, text.where]).toEqual([snippet.name, expect.not.stringMatching(/[\p{Cc}\u2028\u2029]/u)])
    await checkText(snippet.name, text, plain[index] ?? text, hook)
  }
}

const checkText = async (name: string, { language, text }: SnippetText, plain: SnippetText, hook: SnippetHook) => {
  switch (language) {
    case 'yaml': {
      const [documents, others] = [documentsIn(text), documentsIn(plain.text)]
      expect({ text, shape: shapeOf(documents) }).toEqual({ text, shape: shapeOf(others) })
      const script = scriptIn(name, documents[0])
      if (script !== undefined) await sameCalls(name, script, scriptIn(name, others[0]) ?? '')
      for (const member of Object.values(at(documents[0], 'data') ?? {})) parse(String(member))
      return
    }
    case 'json':
      expect({ text, shape: shapeOf(parseJson(text)) }).toEqual({ text, shape: shapeOf(parseJson(plain.text)) })
      if (name !== 'azure-monitor') expect(addresses(hook).some(parts => hasAll(parseJson(text), parts))).toBe(true)
      return
    case 'sh':
    case 'console':
      return await sameCalls(name, text, plain.text, hook.url)
    case 'javascript': {
      const headers: string[] = []
      class HttpRequest {
        addHeader(line: string): void {
          headers.push(line)
        }
        post(): string {
          return ''
        }
        getStatus(): number {
          return 200
        }
      }
      const context = { HttpRequest, value: '{"token":"t","username":"u","password":"p"}', btoa, hmac: () => 'D' }
      runInNewContext(`(function (value) {${text}})(value)`, context)
      if (hook.auth?.form === 'hmac') expect(headers.at(-1)).toBe(`${hook.auth.header}: ${hook.auth.prefix}D`)
      return
    }
    case 'text':
      expect(addresses(hook).flat()).toContain(text.slice(0, -1))
      return
    case 'handlebars':
      expect(text).toBe(plain.text)
  }
}

test.each(snippets)(
  '$name: no text of a hook becomes a command, a member or an expression',
  { timeout: 300_000 },
  async snippet => {
    const every = fc.asyncProperty(hooksFor(snippet), async hook => await check(snippet, hook))
    await expect(fc.assert(every, { numRuns: runs(10) })).resolves.toBeUndefined()
  },
)
