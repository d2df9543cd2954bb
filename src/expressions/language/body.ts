import { celMap, type CelInput } from '@bufbuild/cel'

/**
 * A JSON object as a map for the evaluator. A plain object does not work: the evaluator asks it for
 * `constructor` and `$typeName`, which a body may contain. Members are converted when they are
 * read, because most expressions read few of them.
 */
class JsonMap implements ReadonlyMap<string, CelInput> {
  readonly #object: object
  readonly #members = new Map<string, CelInput>()

  constructor(object: object) {
    this.#object = object
  }

  get size(): number {
    return Object.keys(this.#object).length
  }

  get(name: string): CelInput | undefined {
    if (!this.#members.has(name)) {
      const member = Object.getOwnPropertyDescriptor(this.#object, name)
      if (!member) return undefined
      this.#members.set(name, inputOf(member.value))
    }
    return this.#members.get(name)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name)
  }

  keys(): MapIterator<string> {
    return Object.keys(this.#object).values()
  }

  values(): MapIterator<CelInput> {
    return this.#copy().values()
  }

  entries(): MapIterator<[string, CelInput]> {
    return this.#copy().entries()
  }

  [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries()
  }

  forEach(callback: (value: CelInput, name: string, map: ReadonlyMap<string, CelInput>) => void): void {
    for (const [name, value] of this.entries()) callback(value, name, this)
  }

  #copy(): Map<string, CelInput> {
    return new Map(Object.entries(this.#object).map(([name, member]) => [name, inputOf(member)]))
  }
}

const inputOf = (value: unknown): CelInput => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (Array.isArray(value)) return value.map(inputOf)
  return typeof value === 'object' && value !== null ? celMap(new JsonMap(value)) : null
}

/**
 * Returns the value of the variable `body` for a delivery. Returns null if there is no body, if it
 * is no JSON, or if it is nested too deeply.
 */
export const bodyInput = (body: Uint8Array | undefined): CelInput => {
  if (body === undefined) return null
  try {
    return inputOf(JSON.parse(new TextDecoder().decode(body)))
  } catch {
    return null
  }
}
