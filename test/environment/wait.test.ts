import { expect, it, onTestFinished } from 'vitest'
import { unlessAborted } from '../../src/environment/wait.ts'
import { settle } from '../support/clock.ts'

it('rejects at once where the signal was aborted before, and a failure after that is not left unhandled', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const { promise, reject } = Promise.withResolvers<never>()
  await expect(unlessAborted(promise, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped')
  reject(new Error('the connection is closed'))
  await settle()
  expect(unhandled).toEqual([])
})
