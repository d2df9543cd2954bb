import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { tryParseJson } from '../../api/json.ts'
import { deliveryOf, confirmationOf, proofOf, senderOf } from '../../senders/registry.ts'
import type { Delivery } from '../../api/delivery.ts'
import type { Confirmation, Proof } from '../../senders/sender.ts'
import { mostBodyDepth, smallBodyBytes } from '../limits.ts'

/** A post whose body has arrived. Plain data: a large one is read in another thread. */
export interface Arrived {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** As it was sent. */
  readonly body: Uint8Array
  /** In milliseconds since the epoch. */
  readonly receivedAt: number
}

/** What a post says. Plain data. */
export interface ReadMessage {
  /** Neither compressed nor with a byte order mark. */
  readonly body: Uint8Array
  /** Whether the body is a JSON object or list. */
  readonly isJson: boolean
  readonly delivery: Delivery
  /** What shows that it is its sender's, where that signs what it posts. */
  readonly proof: Proof | undefined
  readonly confirmation: Confirmation | undefined
}

export type Unreadable = Exclude<Inflated | ParsedBody, object>

export type Reading = ReadMessage | Unreadable

/** True if a body may be so long that to read it would stop the event loop; by its head alone. */
export const mayBeLong = (headers: Readonly<Record<string, unknown>>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > smallBodyBytes

/** Reads what a post says whose body, not compressed, has at most `mostBytes`. Never throws, whatever the post. */
export const readMessage = ({ body: sent, headers, receivedAt }: Arrived, mostBytes: number): Reading => {
  const plain = inflated(sent, headers['content-encoding'] ?? '', mostBytes)
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

/** Counts how deeply JSON text is nested, without parsing it; exact for JSON, some number for anything else. */
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

/** `application/json`, `text/json`, and whatever has the suffix `+json` (RFC 6839, section 3.1). */
const jsonType = /^\s*(?:(?:application|text)\/json|[^;\s]+\+json)\s*(?:;|$)/i

/** What begins in a way that no text in UTF-8 does: UTF-16 in either order, with its mark or with JSON after it; gzip. */
const foreign: readonly (readonly [number, number])[] = [
  [0xff, 0xfe],
  [0xfe, 0xff],
  [0x00, openBrace],
  [0x00, openBracket],
  [0x1f, 0x8b],
]

/** A body as JSON. `json` is an object or a list, whatever the content type says; undefined where the body is neither. */
export type ParsedBody = { readonly json: unknown } | 'too deep' | 'unreadable'

/**
 * Reads a body in UTF-8 without its mark. Answers "unreadable" where the content type or the first character says
 * that it is JSON and it is none, since a message cut short could say "resolved"; and "too deep" for one that might
 * overflow the stack of whatever walks it later. SNS sends JSON as text/plain.
 */
export const parseBody = (body: Uint8Array, contentType = ''): ParsedBody => {
  if (foreign.some(([one, two]) => body[0] === one && body[1] === two)) return 'unreadable'
  const first = body.find(byte => !blanks.has(byte))
  if (first === undefined || (!opens(first) && !jsonType.test(contentType))) return { json: undefined }
  if (depthOf(body) > mostBodyDepth) return 'too deep'
  const json = tryParseJson(new TextDecoder().decode(body))
  if (json === undefined) return 'unreadable'
  return { json: opens(first) ? json : undefined }
}

/** A body without the byte order mark that may stand before UTF-8 (RFC 8259, section 8.1). */
export const withoutMark = (body: Uint8Array): Uint8Array =>
  body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body

/** The codings that a body may come in (RFC 9110, section 8.4.1), for the header `Accept-Encoding`. */
export const acceptedEncodings = 'gzip, deflate, identity'

export type Inflated = { readonly body: Uint8Array } | 'too large' | 'unreadable' | 'unsupported'

/** Undoes the coding that `Content-Encoding` names. What would be longer than `mostBytes` is too large. */
const inflated = (body: Uint8Array, encoding: string, mostBytes: number): Inflated => {
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
