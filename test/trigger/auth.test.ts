import { describe, expect, it } from 'vitest'
import type { Auth } from '../../src/api/auth.ts'
import { stringAt } from '../../src/api/json.ts'
import { refusal } from '../../src/trigger/answer.ts'
import { authBar, type Body } from '../../src/trigger/auth.ts'
import type { ReadSecret } from '../../src/trigger/auth-secrets.ts'
import { someHook } from './some-hook.ts'

const bearer: Auth = { form: 'bearer', secret: 'senders', key: 'token' }
const basic: Auth = { form: 'basic', secret: 'senders' }
const hmac: Auth = { form: 'hmac', secret: 'senders', key: 'token', header: 'X-Hub-Signature-256', prefix: 'sha256=' }

const data = { token: "It's a Secret to Everybody", username: 'ann', password: 'open sesame' }
const encoded = Object.fromEntries(
  Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
)
const readable: ReadSecret = () => Promise.resolve({ secret: { data: encoded } })

const right = {
  bearer: { authorization: `Bearer ${data.token}` },
  basic: { authorization: `Basic ${Buffer.from('ann:open sesame').toString('base64')}` },
  hmac: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' },
}

const unread: Body = () => Promise.reject(new Error('the body must not be read'))
const hello: Body = () => Promise.resolve({ body: new TextEncoder().encode('Hello, World!') })

describe('a post to a hook', () => {
  it('without auth passes, and neither a Secret nor its body is read', async () => {
    const bar = authBar(() => Promise.reject(new Error('no Secret must be read')))
    expect(await bar(someHook, {}, unread)).toBeUndefined()
  })

  it.each([bearer, basic])('with $form is judged before its body is read', async auth => {
    const bar = authBar(readable)
    expect(await bar({ ...someHook, auth }, right[auth.form], unread)).toBeUndefined()
    expect(await bar({ ...someHook, auth }, {}, unread)).toMatchObject({ refused: { status: 401 } })
  })

  it('with hmac is judged by its body as it came', async () => {
    const bar = authBar(readable)
    const hook = { ...someHook, auth: hmac }
    const spaced: Body = () => Promise.resolve({ body: new TextEncoder().encode('Hello, World! ') })
    expect(await bar(hook, right.hmac, hello)).toBeUndefined()
    expect(await bar(hook, right.hmac, spaced)).toMatchObject({ refused: { status: 401 } })
  })

  it('whose signed body cannot be read is answered that', async () => {
    const refused = refusal(413, 'BodyTooLarge')
    expect(await authBar(readable)({ ...someHook, auth: hmac }, right.hmac, async () => ({ refused }))).toEqual({
      refused,
    })
  })

  it.each<[Auth, Record<string, string>]>([
    [bearer, { 'www-authenticate': 'Bearer realm="receiver-hooks"' }],
    [basic, { 'www-authenticate': 'Basic realm="receiver-hooks", charset="UTF-8"' }],
    [hmac, {}],
  ])('that proves nothing to $form is told so in one way, whatever is wrong', async (auth, headers) => {
    const bar = authBar(readable)
    const wrong = [{}, { authorization: 'Bearer x' }, { authorization: 'x' }, { 'x-hub-signature-256': 'sha256=00' }]
    for (const sent of wrong) {
      expect(await bar({ ...someHook, auth }, sent, hello)).toEqual({ refused: refusal(401, 'Unauthorized', headers) })
    }
  })
})

describe.each([bearer, basic, hmac])('where it cannot be told whether a post satisfies $form', auth => {
  const hook = { ...someHook, auth }

  it.each<[string, Awaited<ReturnType<ReadSecret>>, string, string, RegExp]>([
    [
      'since the API server is away, it may try again',
      'unreachable',
      'unavailable',
      'ApiUnreachable',
      /^Secret.senders/,
    ],
    [
      'since there is no Secret, it fails',
      { secret: undefined },
      'failed',
      'AuthSecretNotFound',
      /^there is no Secret/,
    ],
    [
      'since the Secret has nothing for it, it fails',
      { secret: { data: {} } },
      'failed',
      'AuthSecretNotFound',
      /no key/,
    ],
    [
      'since the right is missing, it fails and says what is to be applied',
      'forbidden',
      'failed',
      'Forbidden',
      /^the trigger may not read Secret.senders.* kubectl -n shop apply -k deploy.kustomize.components.auth$/,
    ],
  ])('%s, and its body is not read', async (_name, found, outcome, reason, says) => {
    const barred = await authBar(() => Promise.resolve(found))(hook, right[auth.form], unread)
    expect(barred).toMatchObject({ outcome, reason })
    expect(stringAt(barred, 'message')).toMatch(says)
  })
})
