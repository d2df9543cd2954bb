import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { tryParseJson } from '../../api/json.ts'
import { deliveryOf, confirmationOf, proofOf, senderOf } from '../../senders/registry.ts'
import type { Delivery } from '../../api/delivery.ts'
import type { Confirmation, Proof } from '../../senders/sender.ts'
import { maxBodyDepth, smallBodyBytes } from '../limits.ts'

/** A post with its whole body. Plain data, because another thread may parse it. */
export interface Arrived {
  /** The names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as it was sent, perhaps compressed. */
  readonly body: Uint8Array
  /** When the post was received, in milliseconds since the epoch. */
  readonly receivedAt: number
}

/** The content of a post. Plain data. */
export interface ReadMessage {
  /** The body, decoded and without a byte order mark. */
  readonly body: Uint8Array
  /** True if the body is a JSON object or list. */
  readonly isJson: boolean
  readonly delivery: Delivery
  /** The proof in the message, if its sender signs messages. */
  readonly proof: Proof | undefined
  readonly confirmation: Confirmation | undefined
}

export type Unreadable = Exclude<Inflated | ParsedBody, object>

export type Reading = ReadMessage | Unreadable

/** Returns whether a body may be too long to read on the event loop. Looks at the head alone. */
export const mayBeLong = (headers: Readonly<Record<string, unknown>>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > smallBodyBytes

/** Returns whether a body is compressed, as its head says. */
export const isPacked = ({ 'content-encoding': encoding }: Readonly<Record<string, string>>): boolean =>
  encoding !== undefined && !['', 'identity'].includes(encoding.trim().toLowerCase())

/** Reads the content of a post. The decoded body may have at most `maxBytes`. Never throws. */
export const readMessage = ({ body: sent, headers, receivedAt }: Arrived, maxBytes: number): Reading => {
  const plain = inflated(sent, headers['content-encoding'] ?? '', maxBytes)
  if (typeof plain === 'string') return plain
  const body = withoutMark(plain.body)
  const parsed = parseBody(body, headers['content-type'])
  if (typeof parsed === 'string') return parsed
  const message = { headers, json: parsed.json, receivedAt }
  const sender = senderOf(message)
  return {
    body,
    isJson: parsed.json !== undefined,
    delivery: deliveryOf(message, sender),
    proof: proofOf(message, sender),
    confirmation: confirmationOf(message, sender),
  }
}

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const openBracket = 0x5b
const closeBrace = 0x7d
const closeBracket = 0x5d
const blanks = new Set([0x20, 0x09, 0x0a, 0x0d])

const opens = (byte: number | undefined): boolean => byte === openBrace || byte === openBracket

/**
 * Returns how deeply JSON text is nested, without parsing it. If the text is not JSON, the result
 * has no meaning.
 */
const depthOf = (text: Uint8Array): number => {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const byte = text[i] ?? 0
    if (inString) {
      if (byte === backslash) i += 1
      else if (byte === quote) inString = false
    } else if (byte === quote) inString = true
    else if (byte === openBrace || byte === openBracket) deepest = Math.max(deepest, ++depth)
    else if (byte === closeBrace || byte === closeBracket) depth -= 1
  }
  return deepest
}

/** `application/json`, `text/json`, and types with the suffix `+json` (RFC 6839, section 3.1). */
const jsonType = /^\s*(?:(?:application|text)\/json|[^;\s]+\+json)\s*(?:;|$)/i

/**
 * The first two bytes of bodies that are not UTF-8: UTF-16 in either byte order, with a byte order
 * mark or with the first character of JSON; and gzip.
 */
const foreign: readonly (readonly [number, number])[] = [
  [0xff, 0xfe],
  [0xfe, 0xff],
  [0x00, openBrace],
  [0x00, openBracket],
  [0x1f, 0x8b],
]

/**
 * A parsed body. `json` is the object or the list in the body, regardless of the content type.
 * Undefined if the body is neither.
 */
export type ParsedBody = { readonly json: unknown } | 'too deep' | 'unreadable'

/**
 * Parses a body in UTF-8, with or without a byte order mark.
 *
 * - "unreadable": the body begins as UTF-16 or gzip, or its content type or first character says
 *   JSON but it is not JSON. A message that was cut short could say "resolved".
 * - "too deep": the nesting is so deep that later code might overflow its stack.
 *
 * SNS sends JSON as text/plain, so the content type does not decide alone.
 */
export const parseBody = (body: Uint8Array, contentType = ''): ParsedBody => {
  if (foreign.some(([one, two]) => body[0] === one && body[1] === two)) return 'unreadable'
  const first = body.find(byte => !blanks.has(byte))
  if (first === undefined || (!opens(first) && !jsonType.test(contentType))) return { json: undefined }
  if (depthOf(body) > maxBodyDepth) return 'too deep'
  const json = tryParseJson(new TextDecoder().decode(body))
  if (json === undefined) return 'unreadable'
  return { json: opens(first) ? json : undefined }
}

/** Returns a body without the byte order mark of UTF-8 (RFC 8259, section 8.1). */
export const withoutMark = (body: Uint8Array): Uint8Array =>
  body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body

/** The supported codings of a body (RFC 9110, section 8.4.1), for the header `Accept-Encoding`. */
export const acceptedEncodings = 'gzip, deflate, identity'

export type Inflated = { readonly body: Uint8Array } | 'too large' | 'unreadable' | 'unsupported'

/** Decodes a body as its `Content-Encoding` says. A decoded body longer than `maxBytes` is too large. */
const inflated = (body: Uint8Array, encoding: string, maxBytes: number): Inflated => {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return body.length > maxBytes ? 'too large' : { body }
    case 'gzip':
    case 'x-gzip':
      return undo(gunzipSync, body, maxBytes)
    case 'deflate':
      // The standard defines `deflate` as zlib's format (RFC 1950). Some clients send only the
      // format that zlib wraps (RFC 1951).
      return undo(isZlib(body) ? inflateSync : inflateRawSync, body, maxBytes)
    default:
      return 'unsupported'
  }
}

/**
 * Returns whether a body has zlib's format: its method is 8, and its first two bytes, read as one
 * number, are a multiple of 31 (RFC 1950, section 2.2).
 */
const isZlib = ([method = 0, flags = 0]: Uint8Array): boolean =>
  (method & 0x0f) === 8 && ((method << 8) | flags) % 31 === 0

const undo = (decode: typeof gunzipSync, body: Uint8Array, maxBytes: number): Inflated => {
  try {
    return { body: decode(body, { maxOutputLength: maxBytes }) }
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
      ? 'too large'
      : 'unreadable'
  }
}
