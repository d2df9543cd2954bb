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

/**
 * Matches a line that begins with a YAML key. Only the key's name is coloured, and nothing else is
 * parsed.
 */
const keyed = /^(\s*(?:- )?)([\w./"-]+)(:)(.*)$/

/** YAML with coloured keys, as elements. The content stays plain text. */
export const Coloured = ({ yaml }: { yaml: string }) => (
  <code>
    {yaml
      .trimEnd()
      .split('\n')
      .map((line, index) => {
        const [, pad, key, colon, rest] = keyed.exec(line) ?? []
        const parts = key === undefined ? line : [pad, <b key="key">{key}</b>, colon, rest]
        return (
          <span key={index}>
            {parts}
            {'\n'}
          </span>
        )
      })}
  </code>
)

/** Says what a sender can do at worst. Nothing for an invalid hook. */
export const Worst = ({ isOpen, sentences }: { isOpen: boolean; sentences: readonly string[] }) =>
  sentences.length === 0 ? null : (
    <details open={isOpen}>
      <summary>The worst that a sender can do</summary>
      <ul class="help">
        {sentences.map(sentence => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </details>
  )
