import { KeyObject, sign, verify, webcrypto } from 'node:crypto'
import { onTestFinished, vi } from 'vitest'

/**
 * Makes and checks signatures at once, until the test ends. In a thread of their own they take real
 * time, while minutes of fake time would pass.
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
