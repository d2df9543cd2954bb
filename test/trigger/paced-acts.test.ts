import { expect, it } from 'vitest'
import type { Acts, MayContinue, Progress, Work, Worked } from '../../src/acts/acts.ts'
import { reasons } from '../../src/api/reasons.ts'
import { pacedActs } from '../../src/trigger/paced-acts.ts'

const done: Worked = {
  worked: 'done',
  outcome: { outcome: 'applied', reason: 'RolledOut', summary: 'done', changes: [] },
}
const left: Worked = {
  worked: 'unfinished',
  outcome: { outcome: 'unavailable', reason: 'Unfinished', message: '2 of 5 workloads are done' },
}
const limited = {
  outcome: 'unavailable',
  reason: 'WritesLimited',
  message: `${reasons.WritesLimited.means} 2 of 5 workloads are done`,
}
const progress: Progress = () => {}

/** Acts whose work begins at once. */
const plain: Acts = {
  once: async work => (await work({ id: 'act', at: 0 }, () => Promise.resolve(true), progress)).outcome,
  settle: () => Promise.resolve(true),
}

const setUp = () => {
  let isSpent = false
  const kept = new Set<string>()
  const messages: string[] = []
  const paced = (uid: string): Acts =>
    pacedActs(plain, uid, { isSpent: () => isSpent, kept, ended: message => void messages.push(message) })
  /** Begins work that goes on until it is ended. */
  const begin = (uid = 'uid-1') => {
    let mayContinueNow: MayContinue = () => Promise.resolve(false)
    let end: (worked: Worked) => void = () => {}
    const work: Work = (_act, mayContinue) =>
      new Promise(resolve => {
        mayContinueNow = mayContinue
        end = resolve
      })
    const answered = paced(uid).once(work)
    return { answered, end: (worked: Worked) => end(worked), mayContinueNow: () => mayContinueNow() }
  }
  return { begin, kept, paced, spend: (spent = true) => (isSpent = spent), messages }
}

it('while a budget is spent, the first act of a hook goes on, and the others end', async () => {
  const x = setUp()
  const [first, second, third] = [x.begin(), x.begin(), x.begin()]
  const other = x.begin('uid-2')
  const mayContinueNow = (): Promise<readonly boolean[]> =>
    Promise.all([first, second, third].map(act => act.mayContinueNow()))
  expect(await mayContinueNow()).toEqual([true, true, true])
  x.spend()
  expect(await mayContinueNow()).toEqual([true, false, false])
  expect(await other.mayContinueNow()).toBe(true)
  first.end(done)
  expect(await first.answered).toBe(done.outcome)
  expect((await mayContinueNow()).slice(1)).toEqual([false, false])
  for (const act of [second, third, other]) act.end(done)
  expect(await second.answered).toBe(done.outcome)
  await Promise.all([third.answered, other.answered])
  expect(x.kept.size).toBe(0)
  expect(x.messages).toEqual([])
})

it('an act that ends since the budget is spent says so, and how far it came', async () => {
  const x = setUp()
  const [first, second] = [x.begin(), x.begin()]
  x.spend()
  expect(await second.mayContinueNow()).toBe(false)
  second.end(left)
  expect(await second.answered).toEqual(limited)
  expect(x.messages).toEqual(['2 of 5 workloads are done'])
  // What the API server leaves undone is reported in its own words.
  first.end(left)
  expect(await first.answered).toBe(left.outcome)
})

it('an act that begins while the budget is spent writes nothing', async () => {
  const x = setUp()
  x.spend()
  const act = x.begin()
  expect(await act.mayContinueNow()).toBe(false)
  x.spend(false)
  expect(await act.mayContinueNow()).toBe(false)
  act.end(left)
  expect(await act.answered).toEqual(limited)
})

it('an act that throws at once is at work no more', async () => {
  const x = setUp()
  const broken: Work = () => {
    throw new Error('broken')
  }
  await expect(x.paced('uid-1').once(broken)).rejects.toThrow('broken')
  const next = x.begin()
  x.spend()
  expect(await next.mayContinueNow()).toBe(true)
  next.end(done)
  await next.answered
})
