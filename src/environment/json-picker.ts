import type { Picked } from './environment.ts'

/** The longest value that is taken, in bytes. A name has 253, and the token that continues a list some hundreds. */
const maxValueBytes = 4096

/** What the bytes mean that come next. */
type State = 'value' | 'key' | 'key text' | 'colon' | 'text' | 'literal' | 'after value'

/** A place that a path leads to or through. */
interface Place {
  readonly children: Map<string, Place>
  /** The path that ends here. */
  path?: string
}

/** An object or array on the way to a place. What leads nowhere is only counted. */
interface Container {
  readonly place: Place
  readonly isArray: boolean
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]
const space = 0x20

/**
 * Takes the strings, numbers and booleans at a few paths out of a JSON document that is too large to be held. A path is names
 * joined by dots, where `*` is each element of an array; of several values at one path the first is taken, and a long one is not.
 * The document comes in parts and must be valid: of any other, what is picked means nothing.
 */
export class JsonPicker {
  readonly #root: Place = { children: new Map() }
  readonly #picked = new Map<string, string>()
  readonly #open: Container[] = []
  readonly #value = Buffer.allocUnsafe(maxValueBytes)
  #valueLength = 0
  /** How many containers are open that no path leads into. */
  #skipped = 0
  #state: State = 'value'
  /** Whether the next byte of a string is escaped. */
  #isEscaped = false
  /** Where the value leads that comes next, or that is being read. */
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

  /** What was found so far. */
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
      // Strings are read by themselves.
      case 'text':
      case 'key text':
    }
  }

  /** Reads a string to its end, or to that of the part. Answers where it has read to. */
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

  /** Reads what no path leads into, up to a string. Answers where it has read to. */
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
    // Inside, keys and values are all the same.
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

/** The text that a JSON string without its quotes stands for; undefined where it is none. */
const decoded = (text: string): string | undefined => {
  if (!text.includes('\\')) return text
  try {
    const value: unknown = JSON.parse(`"${text}"`)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}
