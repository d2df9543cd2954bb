import type { Picked } from './environment.ts'

/** The longest value that is picked, in bytes. A name has up to 253, a continue token some hundreds. */
const maxValueBytes = 4096

/** What the parser expects next, or is in the middle of. */
type State = 'value' | 'key' | 'key text' | 'colon' | 'text' | 'literal' | 'after value'

/** A place in the document through which at least one path leads. */
interface Place {
  readonly children: Map<string, Place>
  /** The path that ends here. */
  path?: string
}

/** An object or array on a path, of which the end has not been read. Others are only counted. */
interface Container {
  readonly place: Place
  readonly isArray: boolean
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]
const space = 0x20

/**
 * Picks the strings, numbers and booleans at a few paths from a JSON document that is too large to
 * be kept.
 * A path is names joined by dots; `*` stands for each element of an array. If a path leads to
 * several values, the first is picked. A value longer than `maxValueBytes` is not picked.
 * The document arrives in parts and must be valid JSON. The result for another one has no meaning.
 */
export class JsonPicker {
  readonly #root: Place = { children: new Map() }
  readonly #picked = new Map<string, string>()
  readonly #open: Container[] = []
  readonly #value = Buffer.allocUnsafe(maxValueBytes)
  #valueLength = 0
  /** How many containers that are on no path have begun and not ended yet. */
  #skipped = 0
  #state: State = 'value'
  /** True if the next byte of a string is escaped. */
  #isEscaped = false
  /** The place of the present or the next value. Undefined if it is on no path. */
  #place: Place | undefined = this.#root

  constructor(paths: readonly string[]) {
    for (const path of paths) {
      let place = this.#root
      for (const name of path.split('.')) {
        const child = place.children.get(name) ?? { children: new Map<string, Place>() }
        place.children.set(name, child)
        place = child
      }
      place.path = path
    }
  }

  /** Returns the values found so far. */
  get picked(): Picked {
    return this.#picked
  }

  /** Reads the next part of the document. */
  write(part: Uint8Array): void {
    for (let at = 0; at < part.length;) {
      if (this.#state === 'text' || this.#state === 'key text') at = this.#readText(part, at)
      else if (this.#state === 'after value' && this.#skipped > 0) at = this.#skip(part, at)
      else this.#read(part[at++] ?? space)
    }
  }

  #read(byte: number): void {
    switch (this.#state) {
      case 'literal':
        if (byte > space && byte !== comma && byte !== closeBrace && byte !== closeBracket) return this.#keep(byte)
        this.#take(text => text)
        this.#state = 'after value'
        return this.#afterValue(byte)
      case 'value':
        if (byte > space) this.#beginValue(byte)
        return
      case 'key':
        if (byte === quote) this.#beginText('key text')
        else if (byte === closeBrace) this.#close()
        return
      case 'colon':
        if (byte === colon) this.#state = 'value'
        return
      case 'after value':
        return this.#afterValue(byte)
      // In these states `write` calls `#readText` instead of this method.
      case 'text':
      case 'key text':
    }
  }

  /** Reads a string up to its end or the end of the part. Returns where it stopped. */
  #readText(part: Uint8Array, from: number): number {
    const quoteAt = part.indexOf(quote, from)
    const end = quoteAt < 0 ? part.length : quoteAt
    let backslashes = 0
    while (end - backslashes > from && part[end - backslashes - 1] === backslash) backslashes += 1
    const isEscaped = (backslashes % 2 === 1) !== (this.#isEscaped && backslashes === end - from)
    this.#keepAll(part, from, end)
    this.#isEscaped = quoteAt < 0 && isEscaped
    if (quoteAt < 0) return end
    if (isEscaped) this.#keep(quote)
    else this.#endText()
    return quoteAt + 1
  }

  #endText(): void {
    if (this.#state === 'text') {
      this.#take(decoded)
      this.#state = 'after value'
      return
    }
    const name = this.#isWhole() ? decoded(this.#text()) : undefined
    this.#place = name === undefined ? undefined : this.#open.at(-1)?.place.children.get(name)
    this.#state = 'colon'
  }

  /** Skips what is on no path, up to the next string. Returns where it stopped. */
  #skip(part: Uint8Array, from: number): number {
    for (let at = from; at < part.length; at += 1) {
      const byte = part[at]
      if (byte === quote) {
        this.#beginText('text')
        return at + 1
      }
      if (byte === openBrace || byte === openBracket) this.#skipped += 1
      else if (byte === closeBrace || byte === closeBracket) this.#skipped -= 1
      if (this.#skipped === 0) return at + 1
    }
    return part.length
  }

  #beginText(state: 'text' | 'key text'): void {
    this.#state = state
    this.#valueLength = 0
  }

  #beginValue(byte: number): void {
    if (byte === quote) return this.#beginText('text')
    if (byte === closeBracket) return this.#close()
    if (byte === openBrace || byte === openBracket) return this.#beginContainer(byte === openBracket)
    this.#state = 'literal'
    this.#valueLength = 0
    this.#keep(byte)
  }

  #beginContainer(isArray: boolean): void {
    const place = this.#skipped === 0 ? this.#place : undefined
    if (place && place.children.size > 0) {
      this.#open.push({ place, isArray })
      this.#place = isArray ? place.children.get('*') : undefined
      this.#state = isArray ? 'value' : 'key'
      return
    }
    this.#skipped += 1
    this.#place = undefined
    // In a container on no path, keys and values need not be distinguished.
    this.#state = 'after value'
  }

  #afterValue(byte: number): void {
    const container = this.#open.at(-1)
    if (byte === closeBrace || byte === closeBracket) return this.#close()
    if (byte !== comma || !container) return
    this.#place = container.isArray ? container.place.children.get('*') : undefined
    this.#state = container.isArray ? 'value' : 'key'
  }

  #close(): void {
    this.#open.pop()
    this.#place = undefined
    this.#state = 'after value'
  }

  #keep(byte: number): void {
    if (this.#valueLength < maxValueBytes) this.#value[this.#valueLength] = byte
    this.#valueLength += 1
  }

  #keepAll(part: Uint8Array, from: number, end: number): void {
    if (this.#skipped > 0) return
    if (this.#valueLength + end - from <= maxValueBytes) this.#value.set(part.subarray(from, end), this.#valueLength)
    this.#valueLength += end - from
  }

  #isWhole(): boolean {
    return this.#valueLength <= maxValueBytes
  }

  #text(): string {
    return this.#value.toString('utf8', 0, this.#valueLength)
  }

  #take(read: (text: string) => string | undefined): void {
    const path = this.#skipped === 0 ? this.#place?.path : undefined
    if (path === undefined || this.#picked.has(path) || !this.#isWhole()) return
    const value = read(this.#text())
    if (value !== undefined) this.#picked.set(path, value)
  }
}

/** Returns the text of a JSON string without its quotes, or undefined if it is no valid string. */
const decoded = (text: string): string | undefined => {
  if (!text.includes('\\')) return text
  try {
    const value: unknown = JSON.parse(`"${text}"`)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
