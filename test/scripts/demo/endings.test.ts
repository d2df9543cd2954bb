import { expect, it } from 'vitest'
import { endings } from '../../../scripts/demo/endings.ts'

it('what was begun last is ended first, each once', async () => {
  const { atEnd, end, stop } = endings()
  const ended: string[] = []
  atEnd(async () => void ended.push('folder'))
  atEnd(() => void ended.push(`program, ${stop.aborted ? 'stopped' : 'running'}`))
  expect(stop.aborted).toBe(false)
  await Promise.all([end(), end()])
  await end()
  expect(ended).toEqual(['program, stopped', 'folder'])
})
