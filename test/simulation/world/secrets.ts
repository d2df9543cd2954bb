import { parseJson, stringAt } from '../../../src/api/json.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { secretsPath } from './paths.ts'

/** The Secret that holds what the senders of a hook have to show, where it asks for something. */
export const authSecretOf = (hook: string): string => `${hook}-auth`

export const userName = 'sender'

/** What a hook may ask of its senders: any of the forms, by the Secret that is there for it. */
export const askFor = (rng: Rng, hook: string) => {
  const name = authSecretOf(hook)
  const secretKeyRef = { name, key: 'password' }
  return rng.pick([
    { bearer: { secretKeyRef } },
    { basic: { secretRef: { name } } },
    { hmac: { secretKeyRef, header: 'X-Hub-Signature-256', prefix: 'sha256=' } },
    { hmac: { secretKeyRef, header: 'X-Grafana-Alerting-Signature', prefix: '' } },
  ])
}

/** How long a signed body may count once. A history lasts some forty seconds. */
export const replayWindows = ['1s', '4s', '20s', '10m'] as const

/** What a hook asks that counts a signed body once. */
export const askForSignature = (rng: Rng, hook: string) => ({
  hmac: {
    secretKeyRef: { name: authSecretOf(hook), key: 'password' },
    header: 'X-Hub-Signature-256',
    prefix: 'sha256=',
    replayWindow: rng.pick(replayWindows),
  },
})

/** The secret word in a Secret of `auth`; empty in any other. */
export const wordIn = (secret: unknown): string =>
  Buffer.from(stringAt(secret, 'data', 'password') ?? '', 'base64')
    .toString()
    .trimEnd()

/** Makes the Secret of a hook's `auth`, or gives it another word, which nobody had before. */
export const giveWord = (server: SimulatedServer, rng: Rng, hook: string, word = newWord(rng)): void => {
  const name = authSecretOf(hook)
  // Some files end with a line break.
  const data = { username: base64(userName), password: base64(word + (rng.chance(0.3) ? '\n' : '')) }
  const { status } = server.send('POST', secretsPath, { metadata: { name }, data })
  if (status === 409) server.send('PATCH', `${secretsPath}/${name}`, { data })
}

const newWord = (rng: Rng): string => Buffer.from(rng.bytes(12)).toString('hex')

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** The word that the senders of a hook have to show now; empty where there is none. */
export const wordOf = (server: SimulatedServer, hook: string): string =>
  wordIn(parseJson(server.send('GET', `${secretsPath}/${authSecretOf(hook)}`).body))

/** Somebody changes what senders have to show: gives another word, or takes it away for a while. */
export const changeWord =
  (server: SimulatedServer, hooks: readonly string[]) =>
  async ({ did, rng, sleep }: Actor): Promise<void> => {
    const hook = rng.pick(hooks)
    const path = `${secretsPath}/${authSecretOf(hook)}`
    if (rng.chance(0.6)) {
      did(`gives the senders of ${hook} another word`)
      return giveWord(server, rng, hook)
    }
    const before = wordOf(server, hook)
    const isEmptied = rng.chance(0.4)
    did(`${isEmptied ? 'empties' : 'deletes'} the Secret of the senders of ${hook}`)
    if (isEmptied) server.send('PATCH', path, { data: { password: '' } })
    else server.send('DELETE', path)
    await sleep(rng.int(100, 5000))
    did(`brings back the Secret of the senders of ${hook}`)
    giveWord(server, rng, hook, rng.chance(0.5) ? before : newWord(rng))
  }
