import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'

/** The codings that a body may come in (RFC 9110, section 8.4.1), for the header `Accept-Encoding`. */
export const acceptedEncodings = 'gzip, deflate, identity'

export type Inflated = { readonly body: Uint8Array } | 'too large' | 'unreadable' | 'unsupported'

/** Undoes the coding that `Content-Encoding` names. What would be longer than `mostBytes` is too large. */
export const inflated = (body: Uint8Array, encoding: string, mostBytes: number): Inflated => {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return body.length > mostBytes ? 'too large' : { body }
    case 'gzip':
    case 'x-gzip':
      return undo(gunzipSync, body, mostBytes)
    case 'deflate':
      // The standard means zlib's format (RFC 1950), and some send what is inside of it (RFC 1951).
      return undo(isZlib(body) ? inflateSync : inflateRawSync, body, mostBytes)
    default:
      return 'unsupported'
  }
}

/** RFC 1950, section 2.2: the method is 8, and the first two bytes are a multiple of 31. */
const isZlib = ([method = 0, flags = 0]: Uint8Array): boolean =>
  (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0

const undo = (decode: typeof gunzipSync, body: Uint8Array, mostBytes: number): Inflated => {
  try {
    return { body: decode(body, { maxOutputLength: mostBytes }) }
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      ? 'too large'
      : 'unreadable'
  }
}
