import { authOf } from '../../src/api/auth.ts'
import { milliseconds } from '../../src/api/duration.ts'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { localTime } from '../output/times.ts'
import { parseClaims, type Claims } from '../../src/token/claims.ts'
import { triggerPath } from '../../src/token/published.ts'
import { acceptance, createVerifier, type Verdict } from '../../src/token/verify.ts'
import { accessOptions, openCluster, namespaceOption, type Cluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import { readPublicKeys, systemNamespaceOption } from '../cluster/system.ts'
import type { Command } from '../../src/commands/command.ts'
import { choice } from '../../src/commands/options.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import type { Shell } from '../../src/commands/shell.ts'

const output = choice({ flag: 'output', short: 'o', value: 'FORMAT', means: 'text or json' }, ['text', 'json'], 'text')

/**
 * Shows the content of a URL's token, and whether the trigger would accept the token. Of a URL with a
 * name, it shows whether there is such a hook, and what opens it.
 */
export const inspectToken: Command = {
  details:
    "It posts nothing. Without an argument, or with -, it reads the URL from the input, which keeps it out of your shell's history: pbpaste | kubectl receiverhook inspect-token. Exit code 1 means that the trigger would refuse it.",
  arguments: [{ name: 'URL', means: 'a URL or its token; - reads it from the input', optional: true }],
  options: [output, systemNamespaceOption, namespaceOption, ...accessOptions],
  examples: [{ line: 'inspect-token < url.txt', means: 'whose URL is it, and does it still work?' }],
  run: async (given, shell) => {
    const [word = '-'] = given.arguments
    const typed = (word === '-' ? await shell.input.text() : word).trim()
    if (typed === '') throw new CommandFailure('there is nothing to inspect: give the URL or its token', 1)
    const named = namedIn(typed)
    if (named) {
      const cluster = await openCluster(given, shell)
      const checked = await checkNamed(cluster, named)
      const { name, namespace } = named
      shell.out.write(
        given.get(output) === 'json'
          ? `${JSON.stringify({ namespace, name, ...checked }, undefined, 4)}\n`
          : linesOf([['Hook', `${namespace}/${name}`], acceptedRow(checked)]),
      )
      return checked.taken ? 0 : 1
    }
    const token = tokenIn(typed)
    const claims = unverified(token)
    if (claims === undefined) {
      throw new CommandFailure(
        "that is not a hook's URL: it may have been cut off or changed. A post to it gets 404",
        1,
      )
    }
    const cluster = await openCluster(given, shell)
    const checked = await checkToken(cluster, token, claims, given.get(systemNamespaceOption), shell)
    shell.out.write(
      given.get(output) === 'json'
        ? `${JSON.stringify({ ...claims, ...checked }, undefined, 4)}\n`
        : lines(claims, checked),
    )
    return checked.taken ? 0 : 1
  },
}

interface Judged {
  readonly taken: boolean
  readonly why: string
}

/** What a URL with a name says. */
interface NamedURL {
  readonly namespace: string
  readonly name: string
  readonly hasSecret: boolean
}

const namedIn = (typed: string): NamedURL | undefined => {
  const [, namespace, name, secret] =
    /\/v1\/hooks\/([^/?#\s]+)\/([^/?#\s]+)(?:\/([^/?#\s]+))?(?:[?#]|$)/.exec(typed) ?? []
  return namespace !== undefined && name !== undefined
    ? { namespace, name, hasSecret: secret !== undefined }
    : undefined
}

/** Checks what can be known of a URL with a name. Only a post shows whether its proof is right. */
const checkNamed = async (cluster: Cluster, { hasSecret, name, namespace }: NamedURL): Promise<Judged> => {
  const hook = await readIfThere({ ...cluster, namespace }, name)
  if (!hook) return { taken: false, why: 'there is no such hook: a post to it gets 401' }
  if (!hasNamedURL(hook.spec)) {
    return { taken: false, why: "this hook's URL has a token, not its name: a post to it gets 401" }
  }
  const auth = authOf(hook.spec.auth)
  const asks = auth?.form === 'path'
  if (asks !== hasSecret) {
    const why = asks ? 'the secret of auth.path is missing at its end' : 'it has something after the name'
    return { taken: false, why: `${why}: a post to it gets 401` }
  }
  const suspended = hook.spec.suspend ? '. The hook is suspended: it skips the post' : ''
  const needed = asks
    ? 'the end of the URL is the secret of auth.path'
    : `the post has what auth.${auth?.form} asks for`
  return { taken: true, why: `if ${needed}${suspended}` }
}

const tokenIn = (typed: string): string => {
  const at = typed.indexOf(triggerPath)
  return (at < 0 ? typed : typed.slice(at + triggerPath.length)).replace(/[?#].*$/s, '')
}

/** Returns the claims of a token without checking its signature. They may be forged. */
const unverified = (token: string): Claims | undefined => {
  const [, payload = '', signature] = token.split('.')
  return signature === undefined ? undefined : parseClaims(Buffer.from(payload, 'base64url').toString())
}

const checkToken = async (
  cluster: Cluster,
  token: string,
  claims: Claims,
  systemNamespace: string,
  { clock }: Shell,
): Promise<Judged> => {
  const { keys } = await readPublicKeys(cluster, systemNamespace)
  const verdict: Verdict = await createVerifier({ remember: 0 }).verify(token, keys, clock.now())
  switch (verdict.verdict) {
    case 'invalid':
      return { taken: false, why: 'it was not signed by this installation: a post to it gets 404' }
    case 'unknown key':
      return { taken: false, why: 'its key is not, or no longer, among the signing keys: a post to it gets 404' }
    case 'expired':
      return { taken: false, why: 'it has expired: a post to it gets 410' }
    case 'valid':
      break
  }
  const hook = await readIfThere({ ...cluster, namespace: claims.namespace }, claims.name)
  if (hook === undefined) return { taken: false, why: 'its hook was deleted: a post to it gets 410' }
  return ofHook(verdict.claims, hook, clock.now())
}

/** Returns a hook, or undefined if there is none. */
const readIfThere = (cluster: Cluster, name: string): Promise<ReceiverHook | undefined> =>
  readHook(cluster, name).catch((error: unknown) => {
    if (error instanceof CommandFailure) return undefined
    throw error
  })

const ofHook = (claims: Claims, hook: ReceiverHook, now: number): Judged => {
  const { name, uid } = hook.metadata
  if (uid !== claims.uid) {
    return { taken: false, why: `it belongs to an earlier hook named ${name}: a post to it gets 410` }
  }
  const suspended = hook.spec.suspend ? ', and skipped: the hook is suspended' : ''
  const { overlap, rotation } = hook.spec.token
  const { minted } = hook.status ?? {}
  const accepted = acceptance(claims, { uid, rotation, overlapMs: milliseconds(overlap) ?? 0, minted }, now)
  if (accepted !== 'accepted') return { taken: false, why: 'it was rotated out: a post to it gets 410' }
  if (claims.rotation === rotation) return { taken: true, why: `it is the current URL${suspended}` }
  const { acceptedUntil } = (claims.rotation === minted?.rotation ? undefined : minted?.previous) ?? {}
  const until = acceptedUntil === undefined ? 'the controller has made its next one' : localTime(acceptedUntil)
  return { taken: true, why: `it is an old URL, which works until ${until}${suspended}` }
}

const lines = ({ expiresAt, name, namespace, rotation, uid }: Claims, checked: Judged): string =>
  linesOf([
    ['Hook', `${namespace}/${name}`],
    ['UID', uid],
    ['Rotation', String(rotation)],
    ['Expires', expiresAt === undefined ? 'never' : localTime(rfc3339(expiresAt))],
    acceptedRow(checked),
  ])

const acceptedRow = ({ taken, why }: Judged): readonly [string, string] => [
  'Accepted',
  `${taken ? 'yes' : 'no'}: ${why}`,
]

const linesOf = (rows: readonly (readonly [title: string, value: string])[]): string =>
  rows.map(([title, value]) => `${`${title}:`.padEnd(10)}${value}\n`).join('')
