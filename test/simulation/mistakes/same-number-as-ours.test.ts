import { vi } from 'vitest'
import { parseMark } from '../../../src/api/mark.ts'
import { isFound } from './mistake.ts'

// Who else owns the count, in addition to the mark, is not looked at.
vi.mock(import('../../../src/steps/target/via-scale.ts'), async original => {
  const { viaScale } = await original()
  Object.assign(viaScale, {
    lastWord: object => parseMark(viaScale.lastMark(object) ?? '')?.lastWord,
  } satisfies Partial<typeof viaScale>)
  return { viaScale }
})

isFound(import.meta.url)
