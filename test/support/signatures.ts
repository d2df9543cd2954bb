import { KeyObject, sign, verify, webcrypto } from 'node:crypto'
import { onTestFinished, vi } from 'vitest'

/**
 * Until the test ends, signatures are made and checked at once. By themselves they take real time, in a thread of their
 * own, and in fake time minutes would pass meanwhile.
 */
export const signaturesTakeNoTime = (): void => {
  const { subtle } = webcrypto
  const signing = vi.spyOn(subtle, 'sign').mockImplementation(async (_, key, data) => {
    return new Uint8Array(sign(null, bytes(data), KeyObject.from(key))).buffer
  })
  const verifying = vi.spyOn(subtle, 'verify').mockImplementation(async (_, key, signature, data) => {
    return verify(null, bytes(data), KeyObject.from(key), bytes(signature))
  })
  onTestFinished(() => {
    signing.mockRestore()
    verifying.mockRestore()
  })
}

const bytes = (source: webcrypto.BufferSource): Uint8Array =>
  ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)
