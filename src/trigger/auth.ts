import { unreadable } from '../api/auth.ts'
import { credentialsIn, type Credentials } from '../api/credentials.ts'
import type { Outcome } from '../api/outcome.ts'
import { refusal, type TriggerAnswer } from './answer.ts'
import { proves } from './auth-proof.ts'
import type { ReadSecret } from './auth-secrets.ts'
import type { LiveHook } from './hook.ts'

/** What a post is answered that goes no further. */
interface Refused {
  readonly refused: TriggerAnswer
}

/** Reads the body of a post; or says what the post is answered, where that cannot be done. */
export type Body = () => Promise<{ readonly body: Uint8Array } | Refused>

/** Why a post is kept from a hook: it proves nothing, or it cannot be told whether it does. */
type Barred = Refused | Extract<Outcome, { outcome: 'failed' | 'unavailable' }>

/** Keeps a post from a hook whose `auth` it does not satisfy. Asks for the body only where that is what is signed. */
export type Bar = (hook: LiveHook, headers: Readonly<Record<string, string>>, body: Body) => Promise<Barred | undefined>

export const authBar = (readSecret: ReadSecret): Bar => {
  const credentialsOf = async ({ auth, namespace }: LiveHook): Promise<Credentials | Barred | undefined> => {
    if (!auth) return undefined
    const read = await readSecret(namespace, auth.secret)
    if (read === 'unreachable') {
      const message = `Secret/${auth.secret}, which auth names, cannot be read`
      return { outcome: 'unavailable', reason: 'ApiUnreachable', message }
    }
    if (read === 'forbidden') {
      return { outcome: 'failed', reason: 'Forbidden', message: unreadable('trigger', namespace, auth) }
    }
    const credentials = credentialsIn(read.secret, auth)
    if (!('lacks' in credentials)) return credentials
    return { outcome: 'failed', reason: 'AuthSecretNotFound', message: credentials.lacks }
  }

  return async (hook, headers, body) => {
    const credentials = await credentialsOf(hook)
    if (!credentials || !('form' in credentials)) return credentials
    const { form } = credentials
    const read = form === 'hmac' ? await body() : { body: unread }
    if ('refused' in read) return read
    if (proves(credentials, headers, read.body)) return undefined
    return { refused: refusal(401, 'Unauthorized', form === 'hmac' ? {} : { 'www-authenticate': challenges[form] }) }
  }
}

const unread = new Uint8Array()

/** RFC 9110, section 11.6.1. */
const challenges = {
  bearer: 'Bearer realm="receiver-hooks"',
  basic: 'Basic realm="receiver-hooks", charset="UTF-8"',
} as const
