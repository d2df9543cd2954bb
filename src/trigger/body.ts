import { tryParseJson } from '../api/json.ts'
import { mostBodyDepth } from './limits.ts'

const quote = 0x22
const backslash = 0x5c
const openers = new Set([0x7b, 0x5b])
const closers = new Set([0x7d, 0x5d])
const blanks = new Set([0x20, 0x09, 0x0a, 0x0d])

/** How deeply JSON text is nested, without parsing it; exact for JSON, some number for anything else. */
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
    else if (openers.has(byte)) deepest = Math.max(deepest, ++depth)
    else if (closers.has(byte)) depth -= 1
  }
  return deepest
}

/**
 * A body as a JSON object or list, whatever its content type says (SNS sends JSON as text/plain); undefined when it is
 * neither. A body
 * nested too deeply is told apart, since whatever walks it later might overflow the stack.
 */
export const parseBody = (body: Uint8Array): { readonly json: unknown } | 'too deep' => {
  const first = body.find(byte => !blanks.has(byte))
  if (first === undefined || !openers.has(first)) return { json: undefined }
  if (depthOf(body) > mostBodyDepth) return 'too deep'
  return { json: tryParseJson(new TextDecoder().decode(body)) }
}
