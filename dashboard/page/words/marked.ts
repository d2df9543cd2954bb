import { site } from '../../../src/api/site.ts'

/** What a sentence is made of. A link leads to a page of the product: an address that a message quotes stays text. */
export interface Piece {
  readonly kind: 'text' | 'code' | 'link'
  readonly text: string
}

const mark = new RegExp(`(\`[^\`]*\`|${site}/[\\w/#-]*)`)

/** Returns the pieces of a sentence, in their order. */
export const piecesOf = (sentence: string): readonly Piece[] =>
  sentence.split(mark).map((text, index) => {
    if (index % 2 === 0) return { kind: 'text', text }
    return text.startsWith('`') ? { kind: 'code', text: text.slice(1, -1) } : { kind: 'link', text }
  })
