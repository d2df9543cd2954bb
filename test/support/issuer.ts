import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { exportJWK, generateKeyPair, CompactSign, type CryptoKey, type JWK } from 'jose'
import { onTestFinished } from 'vitest'

/** What an issuer does when somebody asks for its keys. */
export type Mood =
  | 'answers'
  | 'hangs'
  | 'trickles'
  | 'redirects'
  | 'answers much'
  | 'fails'
  | 'answers no JSON'
  | 'lies'

/** A key pair of an issuer. */
export interface SigningKey {
  readonly kid: string
  readonly algorithm: string
  readonly jwk: JWK
  readonly privateKey: CryptoKey
}

export const signingKey = async (kid: string, algorithm = 'RS256', bits = 2048): Promise<SigningKey> => {
  const options = {
    extractable: true,
    ...(algorithm.endsWith('S256') && algorithm !== 'ES256' ? { modulusLength: bits } : {}),
  }
  const { privateKey, publicKey } = await generateKeyPair(algorithm, options)
  return { kid, algorithm, jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: algorithm }, privateKey }
}

/** An issuer of ID tokens, as OpenID Connect Discovery describes it, on loopback. */
export interface TestIssuer {
  readonly url: string
  /** The published keys. */
  keys: readonly JWK[]
  mood: Mood
  /** How often somebody asked for anything. */
  asked: number
  /** Another place for its keys. Undefined: its own host. */
  jwksURL: string | undefined
}

export const testIssuer = async (keys: readonly JWK[]): Promise<TestIssuer> => {
  const app = express()
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const issuer: TestIssuer = { url, keys, mood: 'answers', asked: 0, jwksURL: undefined }
  app.use((_request, response, next) => {
    issuer.asked += 1
    switch (issuer.mood) {
      case 'hangs':
        return undefined
      case 'trickles':
        response.type('json').write('{"keys": [')
        return undefined
      case 'redirects':
        return response.redirect('http://127.0.0.1:1/keys')
      case 'answers much':
        return response.type('json').send(JSON.stringify({ issuer: url, keys: [], filler: 'x'.repeat(300 * 1024) }))
      case 'fails':
        return response.sendStatus(500)
      case 'answers no JSON':
        return response.send('<html>')
      case 'answers':
      case 'lies':
        return next()
    }
  })
  app.get('/.well-known/openid-configuration', (_request, response) => {
    response.json({
      issuer: issuer.mood === 'lies' ? 'https://issuer.example.com' : url,
      jwks_uri: issuer.jwksURL ?? `${url}/keys`,
    })
  })
  app.get('/keys', (_request, response) => {
    response.json({ keys: issuer.keys })
  })
  return issuer
}

/** The claims of a token. They may be wrong in any way. */
export type TestClaims = Readonly<Record<string, unknown>>

/** Returns a token with these claims, signed with a key. `header` replaces members of its header. */
export const signedToken = async (
  { algorithm, kid, privateKey }: SigningKey,
  claims: TestClaims,
  header: object = {},
): Promise<string> =>
  await new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: algorithm, kid, typ: 'JWT', ...header })
    .sign(privateKey)
