import { describe, expect, it } from 'vitest'
import type { EndedWork, Worked } from '../../src/acts/acts.ts'
import type { Outcome } from '../../src/api/outcome.ts'
import { done, processes } from './processes.ts'

const left: Worked = {
  worked: 'unfinished',
  outcome: { outcome: 'unavailable', reason: 'Unfinished', message: '2 of 5 workloads are done' },
}
const partly: Worked = {
  worked: 'failed',
  outcome: { outcome: 'failed', reason: 'PartlyDone', message: '2 of 5 workloads are refused' },
}

/** Begins work in the first of two processes, whose post has four seconds. */
const begin = (name?: string) => {
  const { actsOf, clock, contexts, end, services } = processes(2)
  const { promise, resolve: letGo } = Promise.withResolvers<Worked>()
  const ends: EndedWork[] = []
  const outcomes: (Outcome | undefined)[] = []
  const post = (process: 0 | 1 = 0, work = () => promise): void => {
    const place = outcomes.push(undefined) - 1
    void actsOf[process]?.(name, 4000)
      .once(work, { ended: ended => void ends.push(ended) })
      .then(outcome => (outcomes[place] = outcome))
  }
  post()
  /** Returns what the first process finds in the record about the work that has ended last. */
  const wasDone = async (): Promise<boolean | undefined> => {
    let found: boolean | undefined
    const ended = ends.at(-1)
    contexts[0]?.({ sender: 'plain', phase: 'none' })
      .ledger()
      .later(draft => (found = ended?.wasDone(draft)))
    await clock.advance(2000)
    return found
  }
  const [service] = services
  if (!service) throw new Error('there is a process')
  return { clock, end, ends, letGo, outcomes, post, service, wasDone }
}

describe('work that ends', () => {
  it.each([done, partly, left])('after the answer says so, with its outcome: $worked', async worked => {
    for (const name of ['one', undefined]) {
      const { clock, end, ends, letGo, outcomes, wasDone } = begin(name)
      await clock.advance(5000)
      expect(outcomes).toMatchObject([{ outcome: name === undefined ? 'unknown' : 'unavailable' }])
      expect(ends).toEqual([])
      letGo(worked)
      await clock.advance(100)
      expect(ends).toMatchObject([{ outcome: worked.outcome, isAnswered: false }])
      expect(await wasDone()).toBe(false)
      end()
    }
  })

  it.each([done, partly, left])('before the answer says that the answer has its outcome: $worked', async worked => {
    const { clock, end, ends, letGo, outcomes } = begin('one')
    await clock.advance(3000)
    letGo(worked)
    await clock.advance(100)
    expect(outcomes).toEqual([worked.outcome])
    expect(ends).toMatchObject([{ isAnswered: true }])
    end()
  })

  it('before an answer that cannot say it, since no copy would be recognised, says so', async () => {
    const { clock, end, ends, letGo, outcomes } = begin()
    letGo(left)
    await clock.advance(100)
    expect(outcomes).toEqual([{ outcome: 'unknown' }])
    expect(ends).toMatchObject([{ outcome: left.outcome, isAnswered: false }])
    end()
  })

  it('while a copy waits says that the copy is answered with its outcome', async () => {
    const { clock, end, ends, letGo, outcomes, post } = begin('one')
    await clock.advance(5000)
    post()
    await clock.advance(1000)
    letGo(done)
    await clock.advance(100)
    expect(outcomes).toMatchObject([{ reason: 'Unfinished' }, done.outcome])
    expect(ends).toMatchObject([{ isAnswered: true }])
    end()
  })

  it('after another process has done the same says that it was done', async () => {
    const { clock, end, ends, letGo, outcomes, post, wasDone } = begin('one')
    await clock.advance(5000)
    post(1, () => Promise.resolve(done))
    await clock.advance(2000)
    expect(outcomes[1]).toEqual(done.outcome)
    letGo(done)
    await clock.advance(100)
    expect(ends.map(({ isAnswered }) => isAnswered)).toEqual([true, false])
    expect(await wasDone()).toBe(true)
    end()
  })

  it('while its process waits for it is reported before the process ends', async () => {
    const { clock, end, ends, letGo, service } = begin()
    await clock.advance(5000)
    const known: number[] = []
    void service.drain(5000).then(() => known.push(ends.length))
    letGo(done)
    await clock.advance(100)
    expect(known).toEqual([1])
    end()
  })

  it('with its process says how far it came, and says nothing more', async () => {
    const { clock, end, ends, letGo, service } = begin()
    await clock.advance(5000)
    void service.drain(5000)
    await clock.advance(5000)
    expect(ends).toMatchObject([
      { outcome: { outcome: 'unavailable', reason: 'Unfinished', message: 'it has begun; its process has ended' } },
    ])
    letGo(done)
    await clock.advance(100)
    expect(ends).toHaveLength(1)
    end()
  })
})
