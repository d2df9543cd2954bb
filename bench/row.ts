import type { Needs } from './server.ts'
import type { Stage } from './stage.ts'

/** What one run of one side came to, by the names of the row's figures. */
export type Measured = Readonly<Record<string, number>>

/** How far a figure is to come. */
export type Reach =
  /** What the product takes, by what the baseline takes. */
  | { readonly of: 'ratio'; readonly atMost: number }
  | { readonly of: 'ratio'; readonly atLeast: number }
  /** What the baseline takes, by what the product takes. */
  | { readonly of: 'speed-up'; readonly atLeast: number }
  /** The product's figure itself. */
  | { readonly of: 'product'; readonly atMost: number }

export type Unit = 'ms' | 's' | 'kB' | 'MiB' | 'us' | '/s' | ''

/** One figure of a row. */
export interface Figure {
  /** The name under which a run reports it. */
  readonly key: string
  /** What follows the row's title: `p50`. */
  readonly title: string
  readonly unit: Unit
  readonly reach?: Reach
}

/** Something the product does, compared with the minimum that it takes without the product. */
export interface Comparison {
  readonly kind: 'comparison'
  /** For `--only`. */
  readonly name: string
  readonly title: string
  /** What the baseline is, in words. */
  readonly baseline: string
  /** What the floor is, in words: the least that a program in between can take. Absent if none is measured. */
  readonly floor?: string
  readonly figures: readonly Figure[]
  readonly needs?: Needs
  /** Whether each side is run once before the first round, unmeasured. */
  readonly warm?: boolean
  /** How many rounds are enough. Set where a round takes minutes, and its figures are counts or mean values of thousands. */
  readonly enoughRounds?: number
  readonly prepare: (stage: Stage) => Promise<Contest>
}

/** Both sides of a comparison, ready to be run in turns. */
export interface Contest {
  readonly baseline: () => Promise<Measured>
  /** Runs the floor. Present in rows that name one. */
  readonly floor?: () => Promise<Measured>
  readonly product: () => Promise<Measured>
}

/** The same thing at several sizes. It is to grow in proportion at most. */
export interface Growth {
  readonly kind: 'growth'
  readonly name: string
  readonly title: string
  /** What the size counts. */
  readonly axis: string
  readonly figures: readonly Figure[]
  readonly sizes: (quick: boolean) => readonly number[]
  readonly prepare: (stage: Stage) => Promise<(size: number) => Promise<Measured>>
}

export type Row = Comparison | Growth
