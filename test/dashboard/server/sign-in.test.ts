import { describe, expect, it } from 'vitest'
import { startServed } from './served.ts'

describe('signing in', () => {
  it('goes on for others where one address sends junk', async () => {
    const { signIn } = await startServed()
    const junk = []
    for (let index = 0; index < 40; index++) junk.push((await signIn(`junk-${index}`, { from: '127.0.0.2' })).status)
    expect(junk.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 401))
    expect(junk.at(-1)).toBe(429)
    expect((await signIn('good-alice', { from: '127.0.0.3' })).status).toBe(200)
  })

  it('goes on for others behind a proxy that says who is whom', async () => {
    const { signIn } = await startServed()
    const of = (address: string) => ({ headers: { 'x-forwarded-for': `203.0.113.9, ${address}` } })
    for (let index = 0; index < 40; index++) await signIn(`junk-${index}`, of('198.51.100.1'))
    expect((await signIn('good-mallory', of('198.51.100.1'))).status).toBe(429)
    expect((await signIn('good-alice', of('198.51.100.2'))).status).toBe(200)
  })

  it('is bounded for an address that pretends to be many', async () => {
    const { signIn } = await startServed()
    const junk = []
    for (let index = 0; index < 320; index++) {
      const headers = { 'x-forwarded-for': `198.51.${Math.floor(index / 100)}.${index % 100}` }
      junk.push((await signIn(`junk-${index}`, { from: '127.0.0.2', headers })).status)
    }
    expect([junk[0], junk.at(-1)]).toEqual([401, 429])
    expect((await signIn('good-alice', { from: '127.0.0.3' })).status).toBe(200)
  })

  it('says when to try again, and lets in again then', async () => {
    const { clock, signIn } = await startServed()
    for (let index = 0; index < 30; index++) await signIn(`junk-${index}`)
    const refused = await signIn('good-alice')
    expect(refused).toMatchObject({ status: 429, body: { reason: 'TooManySignIns' } })
    await clock.advance(Number(refused.headers['retry-after']) * 1000)
    expect((await signIn('good-alice')).status).toBe(200)
  })

  it('does not count those that succeed', async () => {
    const { signIn } = await startServed()
    for (let index = 0; index < 40; index++) expect((await signIn('good-alice')).status).toBe(200)
  })

  it('takes a token out of the quotes of a text', async () => {
    const { signIn } = await startServed()
    expect((await signIn('“good-alice”')).status).toBe(200)
  })

  it.each(['good-alice…', 'good-\u0000alice', 'good-älice'])('says that no header can hold %j', async token => {
    const connectAs = (): never => {
      throw new Error('the API server must not be asked')
    }
    const { signIn } = await startServed({ connectAs })
    expect(await signIn(token)).toMatchObject({
      status: 401,
      body: {
        reason: 'NoToken',
        message: expect.stringContaining('it has a character that tokens never have') as unknown,
      },
    })
  })

  it('reads 8 kB of a body, and no more', async () => {
    const { send, signIn } = await startServed()
    expect((await signIn(`good-${'a'.repeat(8000)}`)).status).toBe(200)
    expect(await signIn(`good-${'a'.repeat(8200)}`)).toMatchObject({ status: 413, body: { reason: 'TooLarge' } })
    const chunked = { headers: { 'transfer-encoding': 'chunked' }, body: `{"token":"${'a'.repeat(9000)}"}` }
    expect((await send('POST', '/api/session', chunked)).status).toBe(413)
  })
})
