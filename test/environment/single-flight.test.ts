import { describe, expect, it } from 'vitest'
import { freshReads, singleFlight } from '../../src/environment/single-flight.ts'
import { fakeClock } from '../support/clock.ts'

/** Returns what shares answers, and the questions that it asks: they are answered by hand, in the order in which they were asked. */
const sharing = <Share>(share: Share) => {
  const asked: PromiseWithResolvers<string>[] = []
  const ask = (): Promise<string> => {
    const question = Promise.withResolvers<string>()
    asked.push(question)
    return question.promise
  }
  return { share, asked, ask }
}

describe.each([
  ['a single flight', singleFlight<string>],
  ['fresh reads', freshReads<string>],
] as const)('%s', (_name, make) => {
  it('asks for each key by itself', async () => {
    const { ask, asked, share } = sharing(make())
    const all = [share('a', ask), share('b', ask)]
    expect(asked).toHaveLength(2)
    asked[1]?.resolve('of b')
    asked[0]?.resolve('of a')
    expect(await Promise.all(all)).toEqual(['of a', 'of b'])
  })

  it('asks again after the answer', async () => {
    const { ask, asked, share } = sharing(make())
    const first = share('a', ask)
    asked[0]?.resolve('one')
    expect(await first).toBe('one')
    const second = share('a', ask)
    expect(asked).toHaveLength(2)
    asked[1]?.resolve('two')
    expect(await second).toBe('two')
  })
})

describe('a single flight', () => {
  it('asks once for all who come before the answer', async () => {
    const { ask, asked, share } = sharing(singleFlight<string>())
    const all = [share('a', ask), share('a', ask), share('a', ask)]
    expect(asked).toHaveLength(1)
    asked[0]?.resolve('one')
    expect(await Promise.all(all)).toEqual(['one', 'one', 'one'])
  })

  it('rejects for all who wait, and asks again after it', async () => {
    const { ask, asked, share } = sharing(singleFlight<string>())
    const all = [share('a', ask), share('a', ask)]
    asked[0]?.reject(new Error('no'))
    expect(await Promise.allSettled(all)).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }])
    const second = share('a', ask)
    asked[1]?.resolve('two')
    expect(await second).toBe('two')
  })

  it('lets nobody join who comes after it has departed', async () => {
    const { ask, asked, share } = sharing(singleFlight<string>())
    const gate = Promise.withResolvers<void>()
    const departing = async (depart: () => void): Promise<string> => {
      await gate.promise
      depart()
      return await ask()
    }
    const early = [share('a', departing), share('a', departing)]
    gate.resolve()
    await Promise.resolve()
    await Promise.resolve()
    expect(asked).toHaveLength(1)
    const late = share('a', ask)
    asked[0]?.resolve('old')
    asked[1]?.resolve('new')
    expect([await Promise.all(early), await late]).toEqual([['old', 'old'], 'new'])
  })

  it('has the end of a flight that has departed leave the next one alone', async () => {
    const { ask, asked, share } = sharing(singleFlight<string>())
    const first = share('a', depart => {
      depart()
      return ask()
    })
    const second = share('a', ask)
    asked[0]?.resolve('old')
    expect(await first).toBe('old')
    const third = share('a', ask)
    expect(asked).toHaveLength(2)
    asked[1]?.resolve('new')
    expect([await second, await third]).toEqual(['new', 'new'])
  })

  it('lets nobody join what began too long ago', async () => {
    const clock = fakeClock()
    const { ask, asked, share } = sharing(singleFlight<string>({ clock, forMs: 100 }))
    const first = share('a', ask)
    await clock.advance(99)
    const second = share('a', ask)
    await clock.advance(1)
    const third = share('a', ask)
    expect(asked).toHaveLength(2)
    asked[0]?.resolve('old')
    asked[1]?.resolve('new')
    expect([await first, await second, await third]).toEqual(['old', 'old', 'new'])
  })
})

describe('fresh reads', () => {
  it('never answer from a read that began before the question, and share the next one', async () => {
    const { ask, asked, share: read } = sharing(freshReads<string>())
    const first = read('a', ask)
    const others = [read('a', ask), read('a', ask)]
    expect(asked).toHaveLength(1)
    asked[0]?.resolve('old')
    expect(await first).toBe('old')
    await Promise.resolve()
    expect(asked).toHaveLength(2)
    asked[1]?.resolve('new')
    expect(await Promise.all(others)).toEqual(['new', 'new'])
  })

  it('begin the next one after a failure too', async () => {
    const { ask, asked, share: read } = sharing(freshReads<string>())
    const first = read('a', ask)
    const second = read('a', ask)
    asked[0]?.reject(new Error('no'))
    await expect(first).rejects.toThrow('no')
    await Promise.resolve()
    asked[1]?.resolve('new')
    expect(await second).toBe('new')
  })
})
