/** Chance that follows from a seed alone (sfc32): the same seed gives the same numbers, on every machine. */
export interface Rng {
  /** From 0 to 2^32 - 1. */
  uint32(): number
  /** From 0 up to, but not including, 1. */
  fraction(): number
  /** A whole number, both bounds included. */
  int(least: number, most: number): number
  chance(probability: number): boolean
  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T
  readonly bytes: (n: number) => Uint8Array
  /** Another source, which what is drawn here later does not disturb. */
  fork(): Rng
}

export const rngOf = (...seed: readonly number[]): Rng => {
  const [first = 1, second = 2, third = 3] = seed
  let a = first | 0
  let b = second | 0
  let c = third | 0
  let d = 1
  const uint32 = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  // The first numbers still resemble the seed.
  for (let turn = 0; turn < 12; turn++) uint32()
  const fraction = (): number => uint32() / 2 ** 32
  const int = (least: number, most: number): number => least + (uint32() % (most - least + 1))
  return {
    uint32,
    fraction,
    int,
    chance: probability => probability > 0 && fraction() < probability,
    pick: list => {
      const picked = list[int(0, list.length - 1)]
      if (picked === undefined) throw new Error('there is nothing to pick from')
      return picked
    },
    bytes: n => Uint8Array.from({ length: n }, () => uint32() & 0xff),
    fork: () => rngOf(uint32(), uint32(), uint32()),
  }
}
