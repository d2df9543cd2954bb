import { expect, it } from 'vitest'
import { progressLine } from '../../cli/output/progress.ts'
import { safely } from '../../cli/output/terminal.ts'
import { fakeClock } from '../support/clock.ts'
import { shell } from '../support/shell.ts'

it('rewrites one line of a terminal, with the time that has passed, and leaves nothing of it', async () => {
  const clock = fakeClock()
  const seen = shell({ clock, isTerminal: true, columns: 20 })
  const progress = progressLine({ clock, err: safely(seen.shell.err) })
  expect(seen.err()).toBe('\r0s waiting')
  progress.show('1 of 3 ready')
  await clock.advance(61_000)
  progress.show('2 of 3 ready, web: ImagePullBackOff\u001B[2J')
  progress.end()
  const lines = seen.err().split('\r')
  expect(lines.slice(2, 5)).toEqual(['0s 1 of 3 ready', '1s 1 of 3 ready', '2s 1 of 3 ready'])
  expect(lines.slice(-3)).toEqual(['1m1s 1 of 3 ready', '1m1s 2 of 3 ready, ', ''])
  expect(clock.pending).toBe(0)
})

it('writes a line for each change where there is no terminal', () => {
  const clock = fakeClock()
  const seen = shell({ clock })
  const progress = progressLine(seen.shell)
  for (const text of ['1 of 3 ready', '1 of 3 ready', '2 of 3 ready']) progress.show(text)
  progress.end()
  expect(seen.err()).toBe('1 of 3 ready\n2 of 3 ready\n')
  expect(clock.pending).toBe(0)
})
