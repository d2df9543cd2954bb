import { BoundedMap } from './bounded-map.ts'

/** How many zones are remembered. A format costs 0.1 ms to make, and a few µs to use. */
const maxRemembered = 64

/**
 * Knows how far the clocks of IANA time zones are ahead of UTC, from the data that Node has. It
 * remembers the formats of the zones that were asked for last.
 */
export class Zones {
  readonly #formats = new BoundedMap<string, Intl.DateTimeFormat | undefined>(maxRemembered)

  /**
   * Returns how far clocks in a zone are ahead of UTC at a moment, in milliseconds. Undefined if
   * Node does not know the zone.
   */
  offsetAt(zone: string, ms: number): number | undefined {
    const format = this.#formatOf(zone)
    return format && offsetIn(format.format(ms))
  }

  #formatOf(zone: string): Intl.DateTimeFormat | undefined {
    if (this.#formats.has(zone)) return this.#formats.get(zone)
    const format = formatOf(zone)
    this.#formats.set(zone, format)
    return format
  }
}

const formatOf = (timeZone: string): Intl.DateTimeFormat | undefined => {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** Parses the offset at the end of a text such as `11/28/2026, GMT+05:45`. `GMT` alone is 0. */
const offsetIn = (text: string): number => {
  const [, sign, hours, minutes, seconds = '0'] = /GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(text) ?? []
  const ms = ((Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60 + Number(seconds)) * 1000
  return sign === '-' ? -ms : ms
}
