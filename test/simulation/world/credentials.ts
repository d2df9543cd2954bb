import { createHmac } from 'node:crypto'
import { authOf, type Auth } from '../../../src/api/auth.ts'
import { isReceiverHook } from '../../../src/api/hook.ts'
import { hookPlural } from '../../../src/api/names.ts'
import type { Proof, WordProof } from '../happened.ts'
import { idTokenOf, type SimulatedIssuer } from '../issuer.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'
import { idTokenFor, wrongIdToken } from './id-tokens.ts'
import { authSecretOf, userName, wordIn } from './secrets.ts'

/** What senders have been given in addition to the URLs: at once, whenever it is changed. */
export interface Wallet {
  /**
   * What a hook asks for; `ago` 1 is what it asked for before its Secret was changed, or with the key that the issuer signed with
   * before. Undefined where it asks for nothing, or there is none.
   */
  of(hook: string, ago?: number): Proof | undefined
  /** Whether the hook of a uid counts a signed body once within a time. Nobody edits that of a hook that is there. */
  countsOnce(uid: string): boolean
}

/** `issuer` signs ID tokens, and `now` is the wall clock of the senders. */
export const readCredentials = (
  server: SimulatedServer,
  issuer: Pick<SimulatedIssuer, 'signed'> | undefined,
  now: () => number,
): Wallet => {
  const asked = new Map<string, Auth | undefined>()
  const words = new Map<string, readonly string[]>()
  const once = new Set<string>()
  server.onStored(({ object, resource }) => {
    const { name } = object.metadata
    if (resource === hookPlural && isReceiverHook(object)) {
      asked.set(name, authOf(object.spec.auth))
      if (object.spec.auth?.hmac?.replayWindow !== undefined) once.add(object.metadata.uid)
    }
    const word = resource === 'secrets' ? wordIn(object) : ''
    const known = words.get(name) ?? []
    if (word !== '' && known.at(-1) !== word) words.set(name, [...known, word])
  })
  return {
    of: (hook, ago = 0) => {
      const auth = asked.get(hook)
      if (auth?.form === 'oidc') {
        const kid = issuer?.signed.at(-1 - ago)
        return kid === undefined ? undefined : idTokenFor(auth, kid, Math.floor(now() / 1000))
      }
      const word = words.get(authSecretOf(hook))?.at(-1 - ago)
      if (!auth || auth.form === 'sns' || word === undefined) return undefined
      if (auth.form === 'header' || auth.form === 'path' || auth.form === 'standardWebhooks') {
        throw new Error('no hook of a history asks so')
      }
      return { form: auth.form, word, ...(auth.form === 'hmac' ? { header: auth.header.toLowerCase() } : {}) }
    },
    countsOnce: uid => once.has(uid),
  }
}

/** What a sender shows a hook: mostly what that asks for. */
export const shown = (rng: Rng, wallet: Wallet, hook: string): Proof | undefined => {
  const proof = wallet.of(hook)
  return !proof || rng.chance(0.75) ? proof : wrong(rng, wallet, hook, proof)
}

/** What is not, or no longer, what a hook asks for. */
export const wrong = (rng: Rng, wallet: Wallet, hook: string, proof: Proof): Proof | undefined => {
  if (proof.form === 'id token') return wrongIdToken(rng, proof, wallet.of(hook, rng.int(1, 3)))
  const spoiled = rng.pick(['begins alike', 'as long', 'longer'] as const)
  return rng.pick<() => Proof | undefined>([
    () => undefined,
    () => wallet.of(hook, rng.int(1, 2)) ?? proof,
    () => ({ form: proof.form === 'bearer' ? 'basic' : 'bearer', word: proof.word }),
    () => ({ ...proof, spoiled }),
  ])()
}

/** The headers by which a post shows what its sender has. */
export const headersOf = (proof: Proof, body: Uint8Array): Record<string, string> => {
  if (proof.form === 'id token') return { authorization: `Bearer ${idTokenOf(proof)}` }
  const { form, header = '', spoiled, word } = proof
  switch (form) {
    case 'bearer':
      return { authorization: `Bearer ${spoil(word, spoiled)}` }
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${userName}:${spoil(word, spoiled)}`).toString('base64')}` }
    case 'hmac': {
      const digits = createHmac('sha256', word).update(body).digest('hex')
      return { [header]: (header.startsWith('x-hub') ? 'sha256=' : '') + spoil(digits, spoiled) }
    }
  }
}

const spoil = (text: string, how: WordProof['spoiled']): string => {
  switch (how) {
    case undefined:
      return text
    case 'begins alike':
      return text.slice(0, text.length >> 1)
    case 'as long':
      return text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')
    case 'longer':
      return `${text}0`
  }
}
