import type { Mutant } from './places.ts'

/** A mistake that changes no promised behaviour, with the reason. */
export interface Harmless {
  readonly file: string
  /** The line's text, and what is changed in it, as the command prints both. */
  readonly source: string
  readonly change: string
  readonly why: string
}

/** Reviewed like code: a row says why no test can or should notice its mistake. */
export const harmless: readonly Harmless[] = [
  {
    file: 'src/steps/writer.ts',
    source: 'isOutdated = true',
    change: 'isOutdated = true → ;',
    why:
      'The post is answered only from a read that begins after it was put back (`foldOn`), so the target is read again ' +
      'in any case, one turn later. The pause comes only after eight conflicts in a row.',
  },
]

/** Returns why a mistake is harmless, if a row says so. */
export const whyHarmless = (mutant: Mutant, rows: readonly Harmless[] = harmless): string | undefined =>
  rows.find(({ change, file, source }) => file === mutant.file && source === mutant.source && change === mutant.change)
    ?.why
