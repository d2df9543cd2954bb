import type { ReceiverHook } from '../../api/hook.ts'
import { localTime, parseTime, rfc3339 } from '../../environment/time.ts'
import { parseClaims, type Claims } from '../../token/claims.ts'
import { triggerPath } from '../../token/published.ts'
import { createVerifier, type Verdict } from '../../token/verify.ts'
import { accessOptions, openCluster, namespaceOption, type Cluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import { readPublicKeys, systemNamespaceOption } from '../cluster/system.ts'
import type { Command } from '../command.ts'
import { choice } from '../options.ts'
import { CommandFailure } from '../failure.ts'
import type { Shell } from '../shell.ts'

const output = choice({ flag: 'output', short: 'o', value: 'FORMAT', means: 'text or json' }, ['text', 'json'], 'text')

/** Shows the content of a URL's token, and whether the trigger would accept the token. */
export const inspectToken: Command = {
  details:
    "It posts nothing. Without an argument, or with -, it reads the URL from the input, which keeps it out of your shell's history: pbpaste | kubectl receiverhook inspect-token. Exit code 1 says that the trigger would refuse it.",
  arguments: [{ name: 'URL', means: 'a URL or its token; - reads it from the input', optional: true }],
  options: [output, systemNamespaceOption, namespaceOption, ...accessOptions],
  examples: [{ line: 'inspect-token < url.txt', means: 'whose URL is it, and does it still work?' }],
  run: async (given, shell) => {
    const [word = '-'] = given.arguments
    const typed = (word === '-' ? await shell.input.text() : word).trim()
    const token = tokenIn(typed)
    const claims = unverified(token)
    if (claims === undefined) {
      throw new CommandFailure(
        'that is no URL of a hook: it may have been cut or changed. A post to it is answered 404',
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
      return { taken: false, why: 'it is not signed by this installation: a post to it is answered 404' }
    case 'unknown key':
      return { taken: false, why: 'its key is not, or no longer, among the signing keys: a post to it is answered 404' }
    case 'expired':
      return { taken: false, why: 'it has expired: a post to it is answered 410' }
    case 'valid':
      break
  }
  const hook = await readHook({ ...cluster, namespace: claims.namespace }, claims.name).catch((error: unknown) => {
    if (error instanceof CommandFailure) return undefined
    throw error
  })
  if (hook === undefined) return { taken: false, why: 'its hook was deleted: a post to it is answered 410' }
  return ofHook(claims, hook, clock.now())
}

const ofHook = (claims: Claims, hook: ReceiverHook, now: number): Judged => {
  const { name, uid } = hook.metadata
  if (uid !== claims.uid) {
    return { taken: false, why: `it belongs to an earlier hook of the name ${name}: a post to it is answered 410` }
  }
  const suspended = hook.spec.suspend ? ', and skipped: the hook is suspended' : ''
  if (claims.rotation === hook.spec.token.rotation) return { taken: true, why: `it is the present URL${suspended}` }
  const { previous } = hook.status?.minted ?? {}
  const isPrevious = previous?.rotation === claims.rotation && parseTime(previous.acceptedUntil) > now
  return isPrevious
    ? {
        taken: true,
        why: `it is the former URL, which is accepted until ${localTime(previous.acceptedUntil)}${suspended}`,
      }
    : { taken: false, why: 'it was rotated out: a post to it is answered 410' }
}

const lines = ({ expiresAt, name, namespace, rotation, uid }: Claims, { taken, why }: Judged): string =>
  [
    ['Hook', `${namespace}/${name}`],
    ['UID', uid],
    ['Rotation', String(rotation)],
    ['Expires', expiresAt === undefined ? 'never' : localTime(rfc3339(expiresAt))],
    ['Accepted', `${taken ? 'yes' : 'no'}: ${why}`],
  ]
    .map(([title = '', value = '']) => `${`${title}:`.padEnd(10)}${value}\n`)
    .join('')
