import { webcrypto } from 'node:crypto'

/**
 * While a history runs, nothing may read a clock, chance or a timer by itself: code that does gets an error, and the
 * history would not be the same the next time. Returns what takes the wire away.
 */
export const tripwire = (): (() => void) => {
  const undo = [
    ...wires.map(([holder, name]) => replaced(holder, name, () => trip(name))),
    replaced(globalThis, 'Date', guardedDate()),
  ]
  return () => {
    for (const restore of undo.toReversed()) restore()
  }
}

const wires: readonly (readonly [object, string])[] = [
  [globalThis, 'setTimeout'],
  [globalThis, 'setInterval'],
  [globalThis, 'setImmediate'],
  [Math, 'random'],
  [performance, 'now'],
  [AbortSignal, 'timeout'],
  [webcrypto, 'randomUUID'],
  [webcrypto, 'getRandomValues'],
]

const trip = (name: string): never => {
  throw new Error(`${name} was used while a history runs: take it from the environment`)
}

/** Dates can be converted, but the present one cannot be asked for. */
const guardedDate = (): object =>
  class extends Date {
    constructor(...given: readonly (number | string | Date)[]) {
      const [moment] = given
      super(moment === undefined || given.length > 1 ? trip('new Date()') : moment)
    }

    static override now(): number {
      return trip('Date.now')
    }
  }

const replaced = (holder: object, name: string, value: unknown): (() => void) => {
  const own = Object.getOwnPropertyDescriptor(holder, name)
  Object.defineProperty(holder, name, { configurable: true, writable: true, enumerable: true, value })
  return () => {
    if (own) Object.defineProperty(holder, name, own)
    else Reflect.deleteProperty(holder, name)
  }
}
