import { piecesOf, type Piece } from './marked.ts'

const Shown = ({ piece: { kind, text } }: { piece: Piece }) => {
  if (kind === 'code') return <code>{text}</code>
  return kind === 'link' ? <a href={text}>{text}</a> : <>{text}</>
}

/** A sentence with its code between backticks, and its links to pages. The content stays plain text. */
export const Prose = ({ text }: { text: string }) => (
  <>
    {piecesOf(text).map((piece, index) => (
      <Shown key={index} piece={piece} />
    ))}
  </>
)
