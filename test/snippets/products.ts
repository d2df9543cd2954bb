import { execFile, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHmac } from 'node:crypto'
import { runInNewContext } from 'node:vm'
import { onTestFinished } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { at, isObject, parseJson, stringAt, tryParseJson } from '../../src/api/json.ts'
import type { SnippetText } from '../../cli/snippets/snippet.ts'

/** How each product reads what was pasted into it, and what it then posts: the other half of every snippet. */

/** What the Secret that a hook's auth names holds. */
export const held: Readonly<Record<string, string>> = {
  token: 'tok-en.1~',
  username: 'user',
  password: "pass 'word'",
  secret: 'k3y"$',
  webhook: `whsec_${Buffer.from('0123456789012345678901234567').toString('base64')}`,
}

const basic = `Basic ${Buffer.from(`${held['username']}:${held['password']}`).toString('base64')}`

/** The configuration of a product: where to post, and what to send with it. */
export interface Configured {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  /** The headers in which it signs, and what it signs with. */
  readonly signs?: {
    readonly key: string
    readonly headers: Readonly<Record<string, string>>
    /** The header with the time, which it signs before the body. */
    readonly time?: string | undefined
  }
  /** What it signs with as Standard Webhooks says. */
  readonly webhookSecret?: string
}

/** What a script has posted by itself: the answer. */
export interface Ran {
  readonly answer: unknown
}

/** Replaces the placeholders by what the Secret holds, as a person does. */
export const filledIn = (texts: readonly SnippetText[]): readonly SnippetText[] =>
  texts.map(({ language, text, where }) => ({
    language,
    where,
    text: text
      .replaceAll('Bearer TOKEN', `Bearer ${held['token']}`)
      .replaceAll('Basic CREDENTIALS', basic)
      .replaceAll(/(?<=-username: )USERNAME$/gm, held['username'] ?? '')
      .replaceAll(/(?<=-password: )PASSWORD$/gm, JSON.stringify(held['password']))
      .replaceAll('"signing_token": "SECRET"', `"signing_token": "${held['webhook']}"`)
      // JSON in JSON.
      .replaceAll(String.raw`\"SECRET\"`, JSON.stringify(JSON.stringify(held['secret'])).slice(1, -1))
      .replaceAll(/"SECRET"|(?<=: )(?<!- name: )SECRET$|(?<=\[)SECRET(?=\]$)/gm, JSON.stringify(held['secret'])),
  }))

const textOf = (texts: readonly SnippetText[], language: SnippetText['language'], which = 0): string =>
  texts.filter(text => text.language === language)[which]?.text ?? ''
const yaml = (texts: readonly SnippetText[], which = 0): unknown => parse(textOf(texts, 'yaml', which))
const json = (texts: readonly SnippetText[]): unknown => parseJson(textOf(texts, 'json'))
const list = (value: unknown, ...path: readonly string[]): readonly unknown[] => {
  const found = path.length === 0 ? value : at(value, ...path)
  return Array.isArray(found) ? found : []
}
const named = (value: unknown, name: unknown, ...path: readonly string[]): unknown =>
  list(value, ...path).find(item => at(item, 'name') === name)
const headersIn = (text: string | undefined): Record<string, string> => {
  const headers = parseJson(text ?? '{}')
  return isObject(headers)
    ? Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
    : {}
}
const authorized = (value: unknown): Record<string, string> =>
  typeof value === 'string' ? { Authorization: value } : {}

/** Returns a file of a mounted Secret. */
const file = (path: string | undefined): string =>
  path === undefined ? '' : (held[/^\/etc\/alertmanager\/secrets\/alerts\/(\w+)$/.exec(path)?.[1] ?? ''] ?? '')

const environment: Readonly<Record<string, string | undefined>> = {
  HOOK_TOKEN: held['token'],
  HOOK_USERNAME: held['username'],
  HOOK_PASSWORD: held['password'],
  HOOK_SECRET: held['secret'],
}
/** Expands a value of a provisioned file as Grafana does. */
const expanded = (value: unknown, environment: Readonly<Record<string, string | undefined>>): string =>
  String(value).replaceAll(/\$\$|\$(\w+)/g, (found, name?: string) =>
    // The rest of a variable's name is the hook's.
    name === undefined ? '$' : (environment[/^HOOK_[A-Z]+/.exec(name)?.[0] ?? ''] ?? found),
  )

/** A folder of programs that stand in for those of others, and what they were called with. */
export interface Shell {
  run(
    script: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<{ readonly stdout: string; readonly stderr: string }>
  /** Everything that was called: the program, and its arguments. */
  calls(): readonly (readonly string[])[]
  /** What a program read as its input. */
  input(program: string): readonly string[]
  /** Forgets what was called. */
  forget(): void
  remove(): void
}

/** Programs that a snippet may call. The others of the machine are not there. */
const real = ['curl', 'openssl', 'cut', 'cat', 'base64', 'od', 'tr', 'date', 'uuidgen', 'jq']

export const shellWith = (stubs: readonly string[], { keep = false } = {}): Shell => {
  const folder = mkdtempSync(join(tmpdir(), 'snippet-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  if (!keep) onTestFinished(remove)
  const [bin, log] = [join(folder, 'bin'), join(folder, 'log')]
  for (const path of [bin, log]) mkdirSync(path)
  const stub = (name: string, then: string): void => {
    const path = join(bin, name)
    // Each call is a file, whose first argument is the program. Only the shell's own words are used.
    writeFileSync(
      path,
      `#!/bin/sh\nn=0; while ! (set -C; : > "${log}/$n") 2>/dev/null; do n=$((n+1)); done\nprintf '%s\\0' ${name} "$@" >> "${log}/$n"\n${then}\n`,
    )
    chmodSync(path, 0o755)
  }
  for (const name of real) {
    if (stubs.includes(name)) continue
    const found = spawnSync('/bin/sh', ['-c', `command -v ${name}`])
      .stdout.toString()
      .trim()
    // A refusal is not worth half a minute of retries here.
    const more = name === 'curl' ? ' --retry 0' : ''
    if (found !== '') writeFileSync(join(bin, name), `#!/bin/sh\nexec ${found} "$@"${more}\n`, { mode: 0o755 })
  }
  for (const name of stubs) {
    if (name === 'kubectl') stub(name, kubectl)
    else if (name === 'gh') stub(name, `read -r line; printf '%s' "$line" > "${log}/in.$3"`)
    else stub(name, '')
  }
  const callFiles = (): readonly string[] =>
    readdirSync(log)
      .filter(name => /^\d+$/.test(name))
      .sort((a, b) => Number(a) - Number(b))
  return {
    // It must not hold up what answers the script's posts in this process.
    run: (script, env = {}) =>
      new Promise(resolve => {
        const options = { env: { PATH: bin, ...env }, cwd: folder }
        execFile('/bin/sh', ['-c', script], options, (_, stdout, stderr) => resolve({ stdout, stderr }))
      }),
    calls: () => callFiles().map(name => readFileSync(join(log, name), 'utf8').split('\0').slice(0, -1)),
    input: program =>
      readdirSync(log)
        .filter(name => name === `in.${program}`)
        .map(name => readFileSync(join(log, name), 'utf8')),
    forget: () => {
      for (const name of readdirSync(log)) rmSync(join(log, name))
    },
    remove,
  }
}

/** Prints what the Secret of auth holds, as the template asks. */
const kubectl = `
case "$*" in
  *'"username" | base64decode}}:{{index .data "password"'*) printf %s '${held['username']}':"pass 'word'" ;;
  *'index .data "token"'*) printf %s '${held['token']}' ;;
  *'index .data "username"'*) printf %s '${held['username']}' ;;
  *'index .data "password"'*) printf %s "pass 'word'" ;;
  *'index .data "secret"'*) printf %s '${held['secret']}' ;;
  *'index .data "webhook"'*) printf %s '${held['webhook']}' ;;
esac`

const ranScript = async (script: string, env: Readonly<Record<string, string>> = {}): Promise<Ran> => {
  const { stderr, stdout } = await shellWith(['kubectl']).run(script, env)
  return { answer: tryParseJson(stdout) ?? { stdout, stderr } }
}

/** Returns what a command of a product's own program was called with. */
const calledWith = async (texts: readonly SnippetText[], program: string): Promise<readonly string[]> => {
  const shell = shellWith(['kubectl', program])
  const { stderr } = await shell.run(textOf(texts, 'sh'), { HARBOR_USER: 'u', HARBOR_PASSWORD: 'p', QUAY_TOKEN: 't' })
  const call = shell.calls().find(([name]) => name === program)
  if (call === undefined) throw new Error(`${program} was not called: ${stderr}`)
  return call
}
const option = (call: readonly string[], name: string): string | undefined =>
  call.flatMap((word, index) =>
    word === name ? [call[index + 1] ?? ''] : word.startsWith(`${name}=`) ? [word.slice(name.length + 1)] : [],
  )[0]

/** Evaluates a text as GitHub does: only what is allowed here. */
export const ofGithub = (text: string, secrets: Readonly<Record<string, string>>): string =>
  text.replaceAll(/\$\{\{\s*('\$\{\{'|[\w.]+|[^}]*)\s*\}\}/g, (found, inner: string) => {
    if (inner === "'${{'") return '${{'
    const [, secret] = /^secrets\.(\w+)$/.exec(inner) ?? []
    if (secret !== undefined) return secrets[secret] ?? ''
    if (['github.ref_name', 'github.repository', 'github.run_attempt', 'github.run_id', 'github.sha'].includes(inner))
      return `${inner}-1`
    throw new Error(`GitHub would evaluate ${found}`)
  })

const sign = (value: unknown, ...headers: readonly (readonly [header: string, prefix: string])[]) =>
  typeof value === 'string' ? { signs: { key: value, headers: Object.fromEntries(headers) } } : {}

const signedAt = ({ signs }: Pick<Configured, 'signs'>, time: string | undefined) =>
  signs === undefined ? {} : { signs: { ...signs, time } }

/** Headers in a list, by the members that have name and value. */
const listed = (headers: readonly unknown[], name: string, value: string): Record<string, string> =>
  Object.fromEntries(headers.map(header => [String(at(header, name)), String(at(header, value))]))

/** What a product does with its texts. */
type Product = (texts: readonly SnippetText[]) => Configured | Ran | Promise<Configured | Ran>

/** By the name of a product. */
export const products: Readonly<Record<string, Product>> = {
  alertmanager: texts => {
    const config = yaml(texts)
    const [route] = list(config, 'route', 'routes')
    const receiver = at(route, 'receiver')
    if (stringAt(config, 'route', 'receiver') === receiver || list(route, 'matchers').length < 2) {
      throw new Error('every alert would go to the hook')
    }
    const [webhook] = list(named(config, receiver, 'receivers'), 'webhook_configs')
    const authorization = at(webhook, 'http_config', 'authorization')
    const token = stringAt(authorization, 'credentials') ?? file(stringAt(authorization, 'credentials_file'))
    const [user, password] = ['username_file', 'password_file'].map(name =>
      file(stringAt(webhook, 'http_config', 'basic_auth', name)),
    )
    const more = Object.entries(at(webhook, 'http_config', 'http_headers') ?? {}).map(
      ([name, value]: [string, unknown]): [string, string] => [name, file(String(list(value, 'files')[0]))],
    )
    return {
      url: stringAt(webhook, 'url') ?? '',
      headers: {
        ...authorized(
          token !== ''
            ? `Bearer ${token}`
            : user === ''
              ? undefined
              : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
        ),
        ...Object.fromEntries(more),
      },
    }
  },
  grafana: texts => {
    const own = textOf(texts, 'text').trim()
    const ofGrafana = (value: unknown): string =>
      expanded(value, own === '' ? environment : { ...environment, HOOK_TOKEN: own })
    const [point] = list(yaml(texts), 'contactPoints')
    const settings = at(list(point, 'receivers')[0], 'settings')
    const scheme = stringAt(settings, 'authorization_scheme')
    const user = stringAt(settings, 'username')
    const secret = stringAt(settings, 'hmacConfig', 'secret')
    const pair = `${ofGrafana(user)}:${ofGrafana(at(settings, 'password'))}`
    return {
      url: ofGrafana(at(settings, 'url')),
      headers: {
        ...authorized(
          scheme !== undefined
            ? `${scheme} ${ofGrafana(at(settings, 'authorization_credentials'))}`
            : user !== undefined
              ? `Basic ${Buffer.from(pair).toString('base64')}`
              : undefined,
        ),
        ...Object.fromEntries(
          Object.entries(at(settings, 'headers') ?? {}).map(([name, value]) => [name, ofGrafana(value)]),
        ),
      },
      ...signedAt(
        sign(secret && ofGrafana(secret), [ofGrafana(at(settings, 'hmacConfig', 'header')), '']),
        stringAt(settings, 'hmacConfig', 'timestampHeader'),
      ),
    }
  },
  'azure-monitor': texts => {
    const [group] = list(json(texts), 'resources')
    const [receiver] = list(group, 'properties', 'webhookReceivers')
    return { url: stringAt(receiver, 'serviceUri') ?? '' }
  },
  cloudevents: texts => ({ url: stringAt(yaml(texts), 'spec', 'subscriber', 'uri') ?? '' }),
  datadog: texts => ({
    url: stringAt(json(texts), 'url') ?? '',
    headers: headersIn(stringAt(json(texts), 'custom_headers')),
  }),
  'new-relic': texts => {
    const where = texts[0]?.where ?? ''
    return {
      url: textOf(texts, 'text').trim(),
      headers: authorized(
        where.includes('Bearer token and enter TOKEN')
          ? `Bearer ${textOf(texts, 'text', 1).trim() || held['token']}`
          : where.includes('Basic and enter USERNAME')
            ? basic
            : undefined,
      ),
    }
  },
  pagerduty: texts => {
    const method = at(json(texts), 'webhook_subscription', 'delivery_method')
    const makes = /PagerDuty creates the secret.*Secret\/alerts under secret/.test(texts[0]?.where ?? '')
    return {
      url: stringAt(method, 'url') ?? '',
      headers: listed(list(method, 'custom_headers'), 'name', 'value'),
      ...sign(makes ? held['secret'] : undefined, ['X-PagerDuty-Signature', 'v1=']),
    }
  },
  prometheus: texts => ranScript(textOf(texts, 'sh')),
  sns: async texts => {
    const call = await calledWith(texts, 'aws')
    if (option(call, '--topic-arn') === undefined) throw new Error('no topic')
    return { url: option(call, '--notification-endpoint') ?? '' }
  },
  'uptime-kuma': texts => ({
    url: stringAt(json(texts), 'webhookURL') ?? '',
    headers: headersIn(stringAt(json(texts), 'webhookAdditionalHeaders')),
  }),
  zabbix: texts => {
    const posted: { headers: Record<string, string>; url: string } = { headers: {}, url: '' }
    const asks = [...(texts[0]?.where ?? '').matchAll(/And the parameter `(\w+)`/g)].map(([, name = '']) => name)
    class HttpRequest {
      addHeader(line: string): void {
        const colon = line.indexOf(': ')
        posted.headers[line.slice(0, colon)] = line.slice(colon + 2)
      }
      post(url: string): string {
        posted.url = url
        return ''
      }
      getStatus(): number {
        return 200
      }
    }
    let signed: string | undefined
    const own = textOf(texts, 'text', 1).trim()
    const values = own === '' ? held : { ...held, token: own }
    const params = { url: textOf(texts, 'text').trim(), ...Object.fromEntries(asks.map(name => [name, values[name]])) }
    runInNewContext(`(function (value) {${textOf(texts, 'javascript')}})(value)`, {
      HttpRequest,
      btoa,
      hmac: (_: string, key: string) => ((signed = key), 'DIGITS'),
      value: JSON.stringify(params),
    })
    const signature = Object.entries(posted.headers).find(([, value]) => value.endsWith('DIGITS'))
    const { [signature?.[0] ?? '']: _, ...headers } = posted.headers
    return {
      url: posted.url,
      headers,
      ...(signature && sign(signed, [signature[0], signature[1].slice(0, -'DIGITS'.length)])),
    }
  },
  'docker-hub': texts => ({ url: textOf(texts, 'text').trim() }),
  github: texts => ({
    url: stringAt(json(texts), 'config', 'url') ?? '',
    ...sign(at(json(texts), 'config', 'secret'), ['X-Hub-Signature-256', 'sha256=']),
  }),
  distribution: texts => {
    const [endpoint] = list(yaml(texts), 'notifications', 'endpoints')
    return { url: stringAt(endpoint, 'url') ?? '', headers: headersIn(JSON.stringify(at(endpoint, 'headers') ?? {})) }
  },
  harbor: async texts => {
    const policy = parseJson(option(await calledWith(texts, 'curl'), '-d') ?? '')
    const [target] = list(policy, 'targets')
    return { url: stringAt(target, 'address') ?? '', headers: authorized(at(target, 'auth_header')) }
  },
  acr: async texts => {
    const call = await calledWith(texts, 'az')
    const header = option(call, '--headers')
    const name = option(call, '--name') ?? ''
    if (!/^[A-Za-z0-9]{5,50}$/.test(name)) throw new Error(`Azure refuses the name ${name}`)
    return {
      url: option(call, '--uri') ?? '',
      headers: header === undefined ? {} : { [header.split('=')[0] ?? '']: header.slice(header.indexOf('=') + 1) },
    }
  },
  alibaba: texts => ({ url: stringAt(json(texts), 'Trigger URL') ?? '' }),
  'artifact-registry': async texts => ({ url: option(await calledWith(texts, 'gcloud'), '--push-endpoint') ?? '' }),
  ecr: texts => {
    const template = yaml(texts)
    const parameters = at(template, 'Parameters')
    const connection = at(template, 'Resources', 'Connection', 'Properties')
    const key = at(connection, 'AuthParameters', 'ApiKeyAuthParameters')
    const given = isObject(parameters) ? Object.keys(parameters) : []
    const own = textOf(texts, 'text').trim()
    for (const name of given) {
      if (!(texts[0]?.where ?? '').includes(` ${name}=${own === '' ? '"$(' : 'TOKEN'}`))
        throw new Error(`no word of ${name}`)
    }
    const asked = /\.data "(\w+)"/.exec(texts[0]?.where ?? '')?.[1] ?? 'token'
    const token = own || (held[asked] ?? '')
    const value = stringAt(key, 'ApiKeyValue', 'Fn::Sub')?.replace('${Token}', token) ?? token
    return {
      url: stringAt(template, 'Resources', 'Destination', 'Properties', 'InvocationEndpoint') ?? '',
      headers:
        at(connection, 'AuthorizationType') === 'BASIC'
          ? { Authorization: basic }
          : { [String(at(key, 'ApiKeyName'))]: value },
    }
  },
  gitea: texts => ({
    url: stringAt(json(texts), 'config', 'url') ?? '',
    headers: authorized(at(json(texts), 'authorization_header')),
    ...sign(at(json(texts), 'config', 'secret'), ['X-Gitea-Signature', ''], ['X-Hub-Signature-256', 'sha256=']),
  }),
  image: texts => ranScript(textOf(texts, 'sh')),
  jfrog: texts => {
    const [handler] = list(json(texts), 'handlers')
    return {
      url: stringAt(handler, 'url') ?? '',
      headers: listed(list(handler, 'custom_http_headers'), 'name', 'value'),
      ...sign(at(handler, 'use_secret_for_signing') === true ? at(handler, 'secret') : undefined, [
        'X-JFrog-Event-Auth',
        '',
      ]),
    }
  },
  nexus: texts => ({ url: stringAt(json(texts), 'URL') ?? '' }),
  quay: async texts => ({
    url: stringAt(parseJson(option(await calledWith(texts, 'curl'), '-d') ?? ''), 'config', 'url') ?? '',
  }),
  'github-actions': async texts => {
    const terminal = shellWith(['kubectl', 'gh'])
    await terminal.run(textOf(texts, 'sh'))
    const secrets = Object.fromEntries(
      [...textOf(texts, 'sh').matchAll(/gh secret set (\w+)/g)].map(([, name = '']) => [
        name,
        terminal.input(name)[0] ?? '',
      ]),
    )
    const workflow = yaml(texts)
    const [job] = Object.values(at(workflow, 'jobs') ?? {}) as unknown[]
    const [step] = list(job, 'steps')
    const env = Object.entries(at(step, 'env') ?? {}).map(([name, value]): [string, string] => [
      name,
      ofGithub(String(value), secrets),
    ])
    return ranScript(ofGithub(stringAt(step, 'run') ?? '', secrets), Object.fromEntries(env))
  },
  'gitlab-ci': texts => {
    const pipeline = yaml(texts)
    const [job] = Object.values(isObject(pipeline) ? pipeline : {})
    const script = [...list(job, 'script')].join('\n')
    const asks = [...(texts[0]?.where ?? '').matchAll(/\b(HOOK_\w+) \(what Secret\/alerts has under (\w+)\)/g)].map(
      ([, name = '', key = '']): [string, string] => [name, held[key] ?? ''],
    )
    const own = textOf(texts, 'text').trim()
    const env = {
      [/\bHOOK_(?:URL|TOKEN)_\w+/.exec(texts[0]?.where ?? '')?.[0] ?? '']: own,
      CI_PROJECT_ID: '1',
      CI_PIPELINE_ID: '2',
      TAG: 'abc123',
    }
    return ranScript(script, { ...env, ...Object.fromEntries(asks) })
  },
  'argo-cd': texts => {
    const data = at(yaml(texts), 'stringData')
    const secret = (word: unknown): string => stringAt(data, String(word).replace(/^\$/, '')) ?? String(word)
    const config = at(yaml(texts, 1), 'data')
    const [, service] = Object.entries(isObject(config) ? config : {}).find(([key]) => key.startsWith('service.')) ?? []
    const webhook: unknown = parse(String(service))
    const headers = list(webhook, 'headers').filter(header => at(header, 'name') !== 'Content-Type')
    const user = at(webhook, 'basicAuth', 'username')
    const pair = `${secret(user)}:${secret(at(webhook, 'basicAuth', 'password'))}`
    return {
      url: secret(at(webhook, 'url')),
      headers: {
        ...authorized(user === undefined ? undefined : `Basic ${Buffer.from(pair).toString('base64')}`),
        ...Object.fromEntries(headers.map(header => [String(at(header, 'name')), secret(at(header, 'value'))])),
      },
    }
  },
  flux: texts => {
    const [secret, provider] = parseAllDocuments(textOf(texts, 'yaml')).map(document => document.toJS() as unknown)
    const headers: unknown = parse(stringAt(secret, 'stringData', 'headers') ?? '{}')
    const isSigned = at(provider, 'spec', 'type') === 'generic-hmac'
    return {
      url: stringAt(secret, 'stringData', 'address') ?? '',
      headers: headersIn(JSON.stringify(headers)),
      ...sign(isSigned ? at(secret, 'stringData', 'token') : undefined, ['X-Signature', 'sha256=']),
    }
  },
  gitlab: texts => {
    const [token, signing] = [stringAt(json(texts), 'token'), stringAt(json(texts), 'signing_token')]
    return {
      url: stringAt(json(texts), 'url') ?? '',
      headers: {
        ...listed(list(json(texts), 'custom_headers'), 'key', 'value'),
        ...(token !== undefined && { 'X-Gitlab-Token': token }),
      },
      ...(signing !== undefined && { webhookSecret: signing }),
    }
  },
  curl: texts => ranScript(textOf(texts, 'sh')),
  'cron-job': async texts => {
    const terminal = shellWith(['kubectl'])
    await terminal.run(textOf(texts, 'console'))
    const [made] = terminal.calls()
    const [, madeKey = '', madeValue = ''] = /^(\w+)=(.*)$/.exec(option(made ?? [], '--from-literal') ?? '') ?? []
    const job = yaml(texts)
    const [container] = list(job, 'spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers')
    const env = list(container, 'env').map((variable): [string, string] => {
      const reference = at(variable, 'valueFrom', 'secretKeyRef')
      const value =
        reference === undefined
          ? 'job-1'
          : at(reference, 'key') === madeKey && at(reference, 'name') !== 'alerts'
            ? madeValue
            : held[String(at(reference, 'key'))]
      return [String(at(variable, 'name')), value ?? '']
    })
    return ranScript(String(list(container, 'command')[2]), Object.fromEntries(env))
  },
}

/** Returns the headers of a post by a product that was configured so. */
export const headersOf = (
  { headers, signs, webhookSecret }: Configured,
  body: string,
): Readonly<Record<string, string>> => {
  const now = String(Math.floor(Date.now() / 1000))
  const before = signs?.time === undefined ? '' : `${now}:`
  const digits =
    signs &&
    createHmac('sha256', signs.key)
      .update(before + body)
      .digest('hex')
  const signatures = Object.entries(signs?.headers ?? {}).map(([name, prefix]) => [name, `${prefix}${digits}`] as const)
  const all = [
    ...Object.entries(headers ?? {}),
    ...signatures,
    ...(signs?.time === undefined ? [] : [[signs.time, now] as const]),
    ...Object.entries(webhookSecret === undefined ? {} : webhookHeaders(webhookSecret, body, now)),
  ]
  return Object.fromEntries(all.map(([name, value]) => [name.toLowerCase(), value]))
}

/** Signs as GitLab does: its id is a UUID. */
const webhookHeaders = (secret: string, body: string, time: string): Readonly<Record<string, string>> => {
  const id = 'f5e5f430-f57b-4e6e-9fac-d9128cd7232f'
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${time}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` }
}
