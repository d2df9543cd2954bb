import { at, parseJson } from '../../../src/api/json.ts'
import type { IssuerAuth } from '../../../src/api/auth.ts'
import type { IdTokenProof, Proof } from '../happened.ts'
import { issuerURL, otherIssuerURL, strangeKid } from '../issuer.ts'
import type { Rng } from '../seed.ts'
import type { SimulatedServer } from '../server.ts'
import type { Actor } from './actor.ts'
import { hooksPath } from './paths.ts'

/** The projects of senders. A hook takes posts of some. */
const projects = ['101', '102', '103'] as const
const branches = ['refs/heads/main', 'refs/heads/next'] as const

/** How long a token is valid, in seconds, and how often a sender gets another one. */
const lifetime = 300
const renewedEvery = 60

/** What a hook asks for that takes the tokens of the issuer. */
export const askForIdToken = (rng: Rng, hook: string) => ({
  oidc: {
    issuer: issuerURL,
    audience: rng.chance(0.7) ? `https://hooks.example.com/${hook}` : 'https://hooks.example.com',
    claims: [
      { name: 'repository_id', oneOf: rng.chance(0.5) ? [rng.pick(projects)] : projects.slice(rng.int(0, 1)) },
      ...(rng.chance(0.5) ? [{ name: 'ref', oneOf: [rng.pick(branches)] }] : []),
    ],
  },
})

/** What a sender shows whose token was made for the hook, at this second, with the key of this id. */
export const idTokenFor = ({ audience, claims, issuer }: IssuerAuth, kid: string, now: number): IdTokenProof => {
  const issuedAt = Math.floor(now / renewedEvery) * renewedEvery
  return {
    ...{ form: 'id token', kid, isSigned: true, issuer, audience, issuedAt, expiresAt: issuedAt + lifetime },
    claims: Object.fromEntries(claims.map(({ name, oneOf: [value = ''] }) => [name, value])),
  }
}

/** What a hook does not take, or no longer, or not yet. `former` is the token with an earlier key, if there is one. */
export const wrongIdToken = (rng: Rng, proof: IdTokenProof, former: Proof | undefined): Proof | undefined => {
  const later = (by: number): IdTokenProof => ({
    ...proof,
    issuedAt: proof.issuedAt + by,
    expiresAt: proof.expiresAt + by,
  })
  return rng.pick<() => Proof | undefined>([
    () => undefined,
    () => former ?? proof,
    () => former ?? proof,
    () => ({ ...proof, isSigned: false }),
    () => ({ ...proof, kid: strangeKid }),
    () => ({ ...proof, audience: 'https://other.example.com' }),
    () => ({ ...proof, issuer: otherIssuerURL }),
    () => ({ ...proof, claims: { ...proof.claims, [rng.pick(Object.keys(proof.claims))]: 'another' } }),
    () => ({ ...proof, claims: {} }),
    // Up to a minute after it has expired it still counts: clocks differ.
    () => later(-rng.int(lifetime, lifetime + 200)),
    () => later(rng.int(30, 200)),
  ])()
}

/** People change which tokens a hook takes. */
export const editPins =
  (server: SimulatedServer, { hooks }: { readonly hooks: readonly string[] }) =>
  ({ did, rng }: Actor): void => {
    const name = rng.pick(hooks)
    const path = `${hooksPath}/${name}`
    const auth = askForIdToken(rng, name)
    if (at(parseJson(server.send('GET', path).body), 'spec', 'auth', 'oidc') === undefined) return
    const { status } = server.send('PATCH', path, { spec: { auth } })
    did(`edits ${name} ${JSON.stringify({ auth })}: ${status}`)
  }
