import { vi } from 'vitest'
import { parseMark } from '../../../src/api/mark.ts'
import { isFound } from './mistake.ts'

// A fence next to the mark is taken for somebody else who says the count.
vi.mock(import('../../../src/steps/target/via-scale.ts'), async original => {
  const { viaScale } = await original()
  Object.assign(viaScale, {
    lastWord: object => {
      const [owner, ...others] = viaScale.marks(object)
      return owner === undefined || others.length > 0 ? undefined : parseMark(owner)?.lastWord
    },
  } satisfies Partial<typeof viaScale>)
  return { viaScale }
})

isFound(import.meta.url)
