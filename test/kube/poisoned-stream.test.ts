import { expect, test } from 'vitest'
import { signaturesTakeNoTime } from '../support/signatures.ts'
import { poisonedStream } from './poisoned-stream.ts'

test.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
  'a hook among poisoned objects has its URL and is served, regardless of what is wrong with those: stream %i',
  async seed => {
    signaturesTakeNoTime()
    expect((await poisonedStream(seed)).wrong).toBeUndefined()
  },
)
