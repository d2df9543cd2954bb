import { sign, type KeyObject } from 'node:crypto'

/** Returns a self-signed certificate (RFC 5280) in PEM, valid between two moments in milliseconds since the epoch. */
export const certificate = (
  keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  [from, until]: readonly [number, number],
): string => {
  const sha256WithRSA = sequence(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), der(0x05))
  const name = sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from('sns.amazonaws.com')))))
  const content = sequence(
    der(0x02, Buffer.from([1])),
    sha256WithRSA,
    name,
    sequence(utcTime(from), utcTime(until)),
    name,
    keys.publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, keys.privateKey))
  const base64 = sequence(content, sha256WithRSA, signature).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

/** Returns a value in the Distinguished Encoding Rules (X.690): its tag, its length, its content. */
const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)

const oid = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes))

const utcTime = (ms: number): Buffer => {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, '')
  return der(0x17, Buffer.from(`${digits.slice(2, 14)}Z`))
}
