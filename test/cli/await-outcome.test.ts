import { expect, it } from 'vitest'
import { awaitOutcome } from '../../cli/await-outcome.ts'
import { NoAnswer, type Posted } from '../../cli/post.ts'
import { fakeClock, settle, type FakeClock } from '../support/clock.ts'

const progressing = (ready: number, causes?: readonly string[]): Posted => ({
  status: 202,
  body: JSON.stringify({ state: 'progressing', ready, of: 3, message: `${ready} of 3`, causes }),
})
const busy: Posted = { status: 503, body: '{"reason": "Contended", "message": "the target keeps changing"}' }
const complete: Posted = { status: 200, body: '{"state": "complete"}' }
const lost = new NoAnswer('hooks.example.com', 'socket hang up', 'ECONNRESET')
const refused = new NoAnswer('hooks.example.com', 'connect ECONNREFUSED', 'ECONNREFUSED')

/** Makes a trigger that gives these answers in turn, each as late as the post allows, or else at once. */
const trigger = (clock: FakeClock, answers: readonly (Posted | NoAnswer)[], isLate = true) => {
  const left = [...answers]
  const asked: { readonly at: number; readonly waitMs: number }[] = []
  const ask = async (waitMs: number): Promise<Posted> => {
    asked.push({ at: clock.monotonic(), waitMs })
    const next = left.length > 1 ? left.shift() : left[0]
    if (isLate) await new Promise<void>(resolve => void clock.after(waitMs, resolve))
    if (!next || next instanceof NoAnswer) throw next ?? new Error('no answer is left')
    return next
  }
  return { ask, asked }
}

const waited = (clock: FakeClock, ask: (waitMs: number) => Promise<Posted>, withinMs = 900_000) => {
  const shown: string[] = []
  const stop = new AbortController()
  const ended = awaitOutcome(
    { ask, maxStepMs: 5_000, withinMs, show: text => void shown.push(text) },
    { clock, stop: stop.signal },
  )
  return { ended, shown, stop }
}

it('asks with posts of 5 s until the answer is final, and shows how many are ready', async () => {
  const clock = fakeClock()
  const { ask, asked } = trigger(clock, [progressing(1, ['web: ImagePullBackOff (2 of 3)']), progressing(2), complete])
  const { ended, shown } = waited(clock, ask)
  await clock.advance(15_000)
  expect(await ended).toEqual({ ended: 'answered', answer: complete })
  expect(shown).toEqual(['1 of 3 ready, web: ImagePullBackOff (2 of 3)', '2 of 3 ready'])
  expect(asked).toEqual([0, 5_000, 10_000].map(at => ({ at, waitMs: 5_000 })))
})

it('asks no faster where too many wait already, which is answered at once', async () => {
  const clock = fakeClock()
  const { ask, asked } = trigger(clock, [progressing(1)], false)
  const { stop } = waited(clock, ask)
  await clock.advance(30_000)
  expect(asked.length).toBe(7)
  stop.abort()
})

it('goes on after 503, and after a connection that was lost', async () => {
  const clock = fakeClock()
  const { ask } = trigger(clock, [lost, busy, refused, complete], false)
  const { ended, shown } = waited(clock, ask)
  await clock.advance(3_000)
  expect(await ended).toEqual({ ended: 'answered', answer: complete })
  expect(shown).toEqual([
    'no answer from hooks.example.com: socket hang up; asking again',
    '503 Contended: the target keeps changing; asking again',
    'no answer from hooks.example.com: connect ECONNREFUSED; asking again',
  ])
})

it.each([502, 504])('goes on after a %d of a proxy, as the scripts of snippets do', async status => {
  const clock = fakeClock()
  const { ask } = trigger(clock, [{ status, body: '<html>' }, complete], false)
  const { ended, shown } = waited(clock, ask)
  await clock.advance(1_000)
  expect(await ended).toEqual({ ended: 'answered', answer: complete })
  expect(shown).toEqual([`${status}: <html>; asking again`])
})

it('fails at once where nothing was ever reached', async () => {
  const clock = fakeClock()
  const { ended } = waited(clock, trigger(clock, [refused], false).ask)
  await expect(ended).rejects.toBe(refused)
})

it.each([409, 422, 404, 400])('does not send a %d again', async status => {
  const clock = fakeClock()
  const answer = { status, body: '{}' }
  const { ask, asked } = trigger(clock, [answer], false)
  expect(await waited(clock, ask).ended).toEqual({ ended: 'answered', answer })
  expect(asked).toHaveLength(1)
})

it('ends when its time is over, with the last answer, and asks for no longer than is left', async () => {
  const clock = fakeClock()
  const { ask, asked } = trigger(clock, [progressing(1)])
  const { ended } = waited(clock, ask, 12_000)
  await clock.advance(12_000)
  expect(await ended).toEqual({ ended: 'late', last: progressing(1) })
  expect(asked.map(({ waitMs }) => waitMs)).toEqual([5_000, 5_000, 2_000])
  expect(clock.pending).toBe(0)
})

it('ends at once when it is stopped', async () => {
  const clock = fakeClock()
  const { ask } = trigger(clock, [progressing(1)], false)
  const { ended, stop } = waited(clock, ask)
  await settle()
  stop.abort()
  expect(await ended).toEqual({ ended: 'stopped', last: progressing(1) })
})
