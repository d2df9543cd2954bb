import { KeyObject, sign, verify, webcrypto } from 'node:crypto'

/**
 * Makes and checks signatures at once from now on. By themselves they take real time, in a thread of their own, which
 * would break virtual time. What was signed or checked lately is remembered: in one history the same tokens come again
 * and again, and Ed25519 gives the same signature each time. Returns what undoes it.
 */
export const signaturesTakeNoTime = (): (() => void) => {
  const prototype: unknown = Object.getPrototypeOf(webcrypto.subtle)
  if (typeof prototype !== 'object' || prototype === null) throw new Error('there is no SubtleCrypto')
  const before = Object.getOwnPropertyDescriptors(prototype)
  const judged = new Map<string, boolean>()

  const signNow = async (_: unknown, key: webcrypto.CryptoKey, data: webcrypto.BufferSource): Promise<ArrayBuffer> => {
    return new Uint8Array(sign(null, bytes(data), KeyObject.from(key))).buffer
  }
  const verifyNow = async (
    _: unknown,
    key: webcrypto.CryptoKey,
    signature: webcrypto.BufferSource,
    data: webcrypto.BufferSource,
  ): Promise<boolean> => {
    const known = `${textOf(signature)} ${textOf(data)}`
    const verdict = judged.get(known) ?? verify(null, bytes(data), KeyObject.from(key), bytes(signature))
    if (judged.size >= maxJudged) judged.clear()
    judged.set(known, verdict)
    return verdict
  }
  Object.defineProperty(prototype, 'sign', { configurable: true, writable: true, value: signNow })
  Object.defineProperty(prototype, 'verify', { configurable: true, writable: true, value: verifyNow })
  return () => Object.defineProperties(prototype, before)
}

/** How many verdicts are remembered: those of a few histories. */
const maxJudged = 1000

const bytes = (source: webcrypto.BufferSource): Uint8Array =>
  ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)

const textOf = (source: webcrypto.BufferSource): string => Buffer.from(bytes(source)).toString('latin1')
