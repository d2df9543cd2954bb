import type { SentAuth } from '../../src/api/auth.ts'
import { hookVariable } from './names.ts'
import { headerTokenOf, readingSecret, secretsOf } from './proof.ts'
import { shellWord } from './shell-word.ts'
import type { SnippetHook } from './snippet.ts'

/**
 * The curl command of the scripts. It retries up to five times, after a lost answer and after any
 * status from 400 up. Retries are safe for a delivery with an idempotency key.
 */
const patient = 'curl --silent --show-error --fail-with-body --max-time 10 --retry 5 --retry-all-errors'

export interface ScriptedPost {
  readonly auth: SentAuth | undefined
  /** The URL to post to, as a shell word. */
  readonly url: string
  /** The variable with the hook's own token; undefined if the URL has the token. */
  readonly tokenVariable?: string | undefined
  /**
   * The idempotency key, as text between double quotes. Undefined if the body itself identifies the
   * delivery.
   */
  readonly key?: string
  /**
   * The line that sets the variable `ID_TOKEN`, for `auth.oidc`. It runs before each post, because
   * tokens of CI systems are valid for a few minutes. Undefined if the variable is set already.
   */
  readonly idToken?: string | undefined
  /** The JSON body as a shell word. Undefined if there is none. */
  readonly body?: string | undefined
}

/**
 * Returns the lines of a script that posts. The variables of {@link secretsOf} hold what the hook
 * requires besides its URL.
 */
export const postLines = (post: ScriptedPost): readonly string[] => {
  const { before, call } = partsOf(post)
  return [...before, `${patient} \\`, ...call]
}

/**
 * Returns the lines of a script that posts a pushed image, and fails if the hook skips it: then nothing was
 * rolled out. A repeat of this delivery is no failure.
 */
export const deployedLines = (post: ScriptedPost): readonly string[] => {
  const { before, call } = partsOf(post)
  return [
    ...before,
    `ANSWER=$(${patient} \\`,
    ...call.slice(0, -1),
    `${call.at(-1)}) || { printf '%s\\n' "$ANSWER"; exit 1; }`,
    `printf '%s\\n' "$ANSWER"`,
    'case $ANSWER in',
    `  *'"outcome":"applied"'* | *'"outcome":"unchanged"'* | *'"reason":"Duplicate"'*) ;;`,
    '  *) exit 1 ;;',
    'esac',
  ]
}

/**
 * Returns the lines of a script that posts until the outcome of a rollout is final, for 15 minutes
 * at most. The script fails unless the rollout is complete. All posts have one key, so the hook
 * runs once. If the hook requires a signed time, each post has a new one.
 */
export const waitLines = (post: ScriptedPost): readonly string[] => {
  const { before, call } = partsOf({ ...post, url: `${post.url}'?wait=25s'` })
  return [
    'END=$(($(date +%s) + 900))',
    'while [ "$(date +%s)" -lt "$END" ]; do',
    ...[
      ...before,
      `ANSWER=$(curl --silent --show-error --max-time 40 --write-out '\\n%{http_code}' \\`,
      ...call.slice(0, -1),
      `${call.at(-1)}) || true`,
      `printf '%s\\n' "$ANSWER"`,
      'case ${ANSWER##*[!0-9]} in',
      '  200) exit 0 ;;',
      // The hook answers no 5xx but 503. A proxy before it answers others while no trigger can be reached.
      '  202 | 5?? | 000) sleep 3 ;;',
      '  *) exit 1 ;;',
      'esac',
    ].map(line => `  ${line}`),
    'done',
    "echo 'the rollout is not complete after 15 minutes' >&2",
    'exit 1',
  ]
}

/**
 * Returns whether a script can wait for a hook's rollouts. With Standard Webhooks it cannot,
 * because the trigger returns an outcome only by `Idempotency-Key`.
 */
export const canWait = ({ auth, rollsOut }: SnippetHook): boolean =>
  rollsOut === true && auth?.form !== 'standardWebhooks'

/** The note on a text with {@link waitLines}. It continues a sentence. */
export const waitNote = 'waits for the pods, and fails unless they become available within 15 minutes.'

/**
 * Returns the lines before the call of curl, and the lines of the call after curl's own options.
 */
const partsOf = ({
  auth,
  body,
  idToken,
  key,
  tokenVariable,
  url,
}: ScriptedPost): { readonly before: readonly string[]; readonly call: readonly string[] } => {
  const sent = body ?? (isSigned(auth) ? shellWord('{}') : undefined)
  // With Standard Webhooks the signed ID is the idempotency key.
  const isNamed = key !== undefined && auth?.form !== 'standardWebhooks'
  const before = [
    ...(auth?.form === 'oidc' && idToken !== undefined ? [idToken] : []),
    ...(sent === undefined ? [] : [`BODY=${sent}`]),
    ...signing(auth, key),
  ]
  const call = [
    !isNamed ? '  --request POST \\' : `  --request POST --header "Idempotency-Key: \\"${key}\\"" \\`,
    ...(sent === undefined ? [] : [`  --header 'Content-Type: application/json' --data-binary "$BODY" \\`]),
    ...(tokenVariable === undefined ? [] : [`  --header "Authorization: Bearer $${tokenVariable}" \\`]),
    ...proof(auth).map(line => `  ${line} \\`),
    `  ${url}`,
  ]
  return { before, call }
}

/** Returns whether posts are signed. Then a script needs openssl. */
export const isSigned = (auth: SentAuth | undefined): boolean =>
  auth?.form === 'hmac' || auth?.form === 'standardWebhooks'

const now = 'TIME=$(date +%s)'

/** Returns the lines that sign `$BODY`. */
const signing = (auth: SentAuth | undefined, key: string | undefined): readonly string[] => {
  switch (auth?.form) {
    case 'hmac': {
      const { encoding, timestamp } = auth
      const text = timestamp
        ? `${shellWord(timestamp.prefix)}"$TIME"${shellWord(timestamp.separator)}"$BODY"`
        : '"$BODY"'
      const written = encoding === 'base64' ? '-binary | base64' : "-r | cut -d' ' -f1"
      return [
        ...(timestamp ? [now] : []),
        `SIGNATURE=$(printf %s ${text} | openssl dgst -sha256 -hmac "$SECRET" ${written})`,
      ]
    }
    case 'standardWebhooks':
      return [
        // The signed ID must not contain a dot.
        ...(key === undefined ? [newKey.replace('KEY=', 'ID=')] : [`ID=$(printf %s "${key}" | tr . _)`]),
        now,
        `HEX=$(printf %s "\${SECRET#whsec_}" | base64 -d | od -An -v -tx1 | tr -d ' \\n')`,
        `SIGNATURE=$(printf %s "$ID.$TIME.$BODY" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$HEX" -binary | base64)`,
      ]
    case 'basic':
    case 'bearer':
    case 'header':
    case 'oidc':
    case 'sns':
    case undefined:
      return []
  }
}

const proof = (auth: SentAuth | undefined): readonly string[] => {
  switch (auth?.form) {
    case 'bearer':
      return ['--header "Authorization: Bearer $TOKEN"']
    case 'oidc':
      return ['--header "Authorization: Bearer $ID_TOKEN"']
    case 'basic':
      return ['--user "$USERNAME:$PASSWORD"']
    case 'header':
      return [`--header ${shellWord(`${auth.header}: `)}"$SECRET"`]
    case 'hmac':
      return [
        `--header ${shellWord(`${auth.header}: ${auth.prefix}`)}"$SIGNATURE"`,
        ...(auth.timestamp ? [`--header ${shellWord(`${auth.timestamp.header}: `)}"$TIME"`] : []),
      ]
    case 'standardWebhooks':
      return [
        '--header "webhook-id: $ID" --header "webhook-timestamp: $TIME"',
        '--header "webhook-signature: v1,$SIGNATURE"',
      ]
    case 'sns':
    case undefined:
      return []
  }
}

/** The secret that a pipeline keeps, and the call with it. */
export interface KeptSecret {
  /**
   * The hook's token, or the whole URL if `auth` needs the header that would carry the token.
   * Undefined if the URL is no secret, because it has the hook's name, and `auth` alone opens it.
   */
  readonly kept: { readonly variable: string; readonly value: string; readonly is: 'token' | 'URL' } | undefined
  /** What {@link postLines} needs to post with this secret. */
  readonly post: Pick<ScriptedPost, 'url' | 'tokenVariable'>
}

/**
 * Returns the secret that a pipeline keeps. `named` gives its variable the hook's name, for a
 * pipeline whose secrets are kept in one place.
 */
export const keptSecret = (hook: SnippetHook, named: boolean): KeptSecret => {
  // Without `auth` here, the URL ends with the secret of `auth.path`.
  if (hook.hasNamedURL && hook.auth !== undefined) return { kept: undefined, post: { url: shellWord(hook.url) } }
  const header = headerTokenOf(hook)
  const is = header === undefined ? 'URL' : 'token'
  const variable = named ? hookVariable(is, hook) : `HOOK_${is.toUpperCase()}`
  return header === undefined
    ? { kept: { variable, is, value: hook.url }, post: { url: `"$${variable}"` } }
    : {
        kept: { variable, is, value: header.token },
        post: { url: shellWord(header.endpoint), tokenVariable: variable },
      }
}

/**
 * Returns what a hook asks for, and under which name a pipeline keeps it: a repository or project has one
 * secret of a name, and may run several hooks.
 */
export const keptSecretsOf = (hook: SnippetHook) =>
  secretsOf(hook.auth).map(secret => ({ ...secret, kept: hookVariable(secret.variable, hook) }))

/** Returns the lines that read the variables of {@link secretsOf} from the cluster. */
export const readingLines = ({ auth, namespace }: SnippetHook): readonly string[] =>
  secretsOf(auth).map(({ key, secret, variable }) => `${variable}=$(${readingSecret(namespace, secret, key)})`)

/** The line that makes a new idempotency key each time the script runs. */
export const newKey = 'KEY=$(uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid)'

/**
 * The variable that {@link newKey} sets. If it is empty, the script fails. Otherwise all deliveries
 * would have one key.
 */
export const theKey = '${KEY:?}'

/** Returns the image that a hook rolls out, or an example. */
export const imageOf = ({ pushes }: SnippetHook): string => pushes?.image ?? 'ghcr.io/acme/web'

/** Returns the body that names a pushed image, as a shell word. The variable `TAG` has the tag. */
export const pushedBody = (hook: SnippetHook): string => {
  const image = JSON.stringify(`${imageOf(hook)}:`).slice(0, -1)
  return `${shellWord(`{"image": ${image}`)}"$TAG"${shellWord('"}')}`
}

/**
 * Returns the body of a script's post as a shell word. Returns undefined for a hook that rolls out
 * no pushed images: such a hook needs no body.
 */
export const scriptBody = (hook: SnippetHook): string | undefined =>
  hook.pushes === undefined ? undefined : pushedBody(hook)

/**
 * Returns a note on what to replace, if the hook does not say which image it rolls out. Otherwise
 * returns an empty text.
 */
export const imageNote = ({ pushes }: SnippetHook): string =>
  pushes === undefined || pushes.image !== undefined ? '' : ' Replace ghcr.io/acme/web with your image.'

/**
 * Returns the value of the header `Authorization` as a shell word. Returns undefined if `auth` does
 * not need this header.
 */
export const headerWord = (auth: SentAuth | undefined): string | undefined => {
  switch (auth?.form) {
    case 'bearer':
      return '"Bearer $TOKEN"'
    case 'oidc':
      return '"Bearer $ID_TOKEN"'
    case 'basic':
      return `"Basic $(printf %s "$USERNAME:$PASSWORD" | base64 | tr -d '\\n')"`
    case 'header':
    case 'hmac':
    case 'sns':
    case 'standardWebhooks':
    case undefined:
      return undefined
  }
}
