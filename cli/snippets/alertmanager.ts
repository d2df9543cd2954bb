import type { SentAuth } from '../../src/api/auth.ts'
import { endsToo } from './ends-too.ts'
import { hookWord } from './names.ts'
import { anyHeader, headerTokenOf } from './proof.ts'
import { plainText, yamlText } from './quote.ts'
import type { Snippet, SnippetHook, SnippetText } from './snippet.ts'

/**
 * Headers that a hook can ask for, but `http_headers` may not set (github.com/prometheus/common,
 * config/headers.go).
 */
const reserved: ReadonlySet<string> = new Set([
  'authorization',
  'user-agent',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-prometheus-scrape-timeout-seconds',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
])

/**
 * Configurations for Alertmanager without and with the Prometheus operator. If the URL is in a
 * Secret, Alertmanager reads the new URL after each rotation.
 */
export const alertmanager: Snippet = {
  name: 'alertmanager',
  title: 'Alertmanager',
  group: 'alerts',
  proves: { ...anyHeader, reserved },
  pushes: false,
  texts: hook =>
    hook.secretName === undefined
      ? [byUrl(hook)]
      : [
          // An AlertmanagerConfig of the Prometheus operator can set only `Authorization`.
          ...(hook.auth?.form === 'header' ? [] : [byUrlSecret(hook, hook.secretName)]),
          byUrlFile(hook, hook.secretName),
        ],
}

/** When Alertmanager sends, and what the comment above the repeat says. */
interface Pace {
  readonly wait: string
  readonly interval: string
  readonly repeat: string
  readonly repeats: string
}

/**
 * One step a minute, as in docs/how-to/autoscale-with-alertmanager.md. Alertmanager looks at a group
 * each `interval`, and repeats an alert if more than `repeat` has passed.
 */
const steady: Pace = {
  wait: '10s',
  interval: '1m',
  repeat: '50s',
  repeats: '# A little less than the line above. Each repeat is another step.',
}

/** How many repeats have to fit into the time of a lease. One may be lost, and another one late. */
const repeatsInLease = 3

/**
 * Returns the pace for a hook. Each repeat moves the end of what the hook has leased, at the latest
 * an `interval` after the time `repeat`.
 */
const paceFor = ({ forMs }: SnippetHook): Pace => {
  if (forMs === undefined) return steady
  const interval = Math.min(60, Math.max(1, Math.floor(forMs / 12_000)))
  const repeat = Math.max(interval, Math.floor(forMs / 4_000))
  const needed = repeatsInLease * (interval + repeat)
  const repeats =
    needed * 1000 <= forMs
      ? `# The hook's \`for\`, ${secondsText(forMs / 1000)}, lasts at least three repeats. Each extends the lease.`
      : `# The hook's \`for\` is too short: it must last at least three repeats, ${secondsText(needed)}.`
  return { ...steady, interval: secondsText(interval), repeat: secondsText(repeat), repeats }
}

/** Returns whole seconds in Alertmanager's syntax, such as `90s` or `5m`. */
const secondsText = (seconds: number): string => {
  const whole = Math.floor(seconds)
  if (whole % 3600 === 0) return `${whole / 3600}h`
  return whole % 60 === 0 ? `${whole / 60}m` : `${whole}s`
}

const byUrlSecret = (hook: SnippetHook, secretName: string): SnippetText => {
  const { name, namespace } = hook
  const pace = paceFor(hook)
  return {
    where: `kubectl apply, for the Prometheus operator. It reads the ${headerTokenOf(hook) === undefined ? 'URL' : 'token'} from Secret/${plainText(secretName)}, and takes alerts with the label namespace="${plainText(namespace)}". Replace "WebBusy" with your alert's name.`,
    language: 'yaml',
    text: `apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata:
  name: ${yamlText(name)}
  namespace: ${yamlText(namespace)}
spec:
  route:
    receiver: ${yamlText(name)}
    matchers:
      - name: alertname
        matchType: '='
        value: WebBusy
    groupBy: [alertname, namespace]
    groupWait: ${pace.wait}
    groupInterval: ${pace.interval}
    ${pace.repeats}
    repeatInterval: ${pace.repeat}
  receivers:
    - name: ${yamlText(name)}
      webhookConfigs:
        - ${operatorAddress(hook, secretName)}
          ${endsToo}
          sendResolved: true
${operatorProof(hook, secretName)}`,
  }
}

const operatorAddress = (hook: SnippetHook, secretName: string): string => {
  const header = headerTokenOf(hook)
  return header === undefined
    ? `urlSecret:\n            name: ${yamlText(secretName)}\n            key: url`
    : `url: ${yamlText(header.endpoint)}`
}

const byUrlFile = (hook: SnippetHook, secretName: string): SnippetText => {
  const header = headerTokenOf(hook)
  return {
    where: `alertmanager.yml, with Secret/${plainText(secretName)} mounted (the Prometheus operator mounts what \`Alertmanager.spec.secrets\` lists). The file is read again for each notification, so a rotation needs no reload. ${placement}`,
    language: 'yaml',
    text:
      header === undefined
        ? configuration(hook, `url_file: ${mounted(secretName, 'url')}`)
        : configuration(hook, `url: ${yamlText(header.endpoint)}`, `credentials_file: ${mounted(secretName, 'token')}`),
  }
}

/** Returns the path at which the Prometheus operator mounts an entry of a Secret. */
const mounted = (secret: string, key: string): string => yamlText(`/etc/alertmanager/secrets/${secret}/${key}`)

const byUrl = (hook: SnippetHook): SnippetText => {
  const header = headerTokenOf(hook)
  return {
    where: `alertmanager.yml. ${placement}${
      hook.hasNamedURL
        ? ''
        : ` To keep the ${header === undefined ? 'URL' : 'token'} out of that file, set \`spec.token.secretName\` of the hook: the configuration then reads it from the Secret.`
    }`,
    language: 'yaml',
    text:
      header === undefined
        ? configuration(hook, `url: ${yamlText(hook.url)}`)
        : configuration(hook, `url: ${yamlText(header.endpoint)}`, `credentials: ${yamlText(header.token)}`),
  }
}

const placement =
  'Add the route and the receiver to yours; "nobody" stands for the receiver of all other alerts. Replace "WebBusy" with your alert\'s name.'

/** Returns a matcher of Alertmanager: label="value". */
const matcher = (label: string, value: string): string => yamlText(`${label}=${JSON.stringify(value)}`)

/**
 * Returns the configuration. `url` is the member with the address. `token` is the member of
 * `authorization` with the hook's own token, or undefined if the URL has the token.
 */
const configuration = (hook: SnippetHook, url: string, token?: string): string => {
  const pace = paceFor(hook)
  return `route:
  receiver: nobody
  routes:
    - receiver: ${yamlText(hookWord(hook))}
      matchers:
        - ${matcher('alertname', 'WebBusy')}
        - ${matcher('namespace', hook.namespace)}
      # The routes behind this one see the alert as well.
      continue: true
      group_by: [alertname, namespace]
      group_wait: ${pace.wait}
      group_interval: ${pace.interval}
      ${pace.repeats}
      repeat_interval: ${pace.repeat}
receivers:
  - name: nobody
  - name: ${yamlText(hookWord(hook))}
    webhook_configs:
      - ${url}
        ${endsToo}
        send_resolved: true
${fileProof(hook, token)}`
}

const fileProof = ({ auth }: SnippetHook, token: string | undefined): string => {
  const lines = [...(token === undefined ? [] : ['authorization:', `  ${token}`]), ...fileLines(auth)]
  if (lines.length === 0) return ''
  const isMounted = auth !== undefined && 'secret' in auth
  return `${isMounted ? `        # Mount Secret/${plainText(auth.secret)} there.\n` : ''}        http_config:
${lines.map(line => `          ${line}\n`).join('')}`
}

/** Returns the members of `http_config` that read the required headers from files. */
const fileLines = (auth: SentAuth | undefined): readonly string[] => {
  switch (auth?.form) {
    case 'bearer':
      return ['authorization:', `  credentials_file: ${mounted(auth.secret, auth.key)}`]
    case 'basic':
      return [
        'basic_auth:',
        `  username_file: ${mounted(auth.secret, 'username')}`,
        `  password_file: ${mounted(auth.secret, 'password')}`,
      ]
    case 'header':
      return ['http_headers:', `  ${yamlText(auth.header)}:`, `    files: [${mounted(auth.secret, auth.key)}]`]
    case 'hmac':
    case 'oidc':
    case 'sns':
    case 'standardWebhooks':
    case undefined:
      return []
  }
}

const operatorProof = (hook: SnippetHook, secretName: string): string => {
  const { auth } = hook
  const entry = (secret: string, key: string): string => `{ name: ${yamlText(secret)}, key: ${yamlText(key)} }`
  switch (auth?.form) {
    case 'bearer':
      return operatorConfig('authorization:', `  credentials: ${entry(auth.secret, auth.key)}`)
    case 'basic':
      return operatorConfig(
        'basicAuth:',
        `  username: ${entry(auth.secret, 'username')}`,
        `  password: ${entry(auth.secret, 'password')}`,
      )
    case 'header':
    case 'hmac':
    case 'oidc':
    case 'sns':
    case 'standardWebhooks':
    case undefined:
      return operatorConfig('authorization:', `  credentials: ${entry(secretName, 'token')}`)
  }
}

const operatorConfig = (...lines: readonly string[]): string =>
  `          httpConfig:\n${lines.map(line => `            ${line}\n`).join('')}`
