import { site } from '../../../src/api/site.ts'

/** Code between backticks, and addresses of the product's own pages. A message may quote others, which stay text. */
const marked = new RegExp(`(\`[^\`]*\`|${site}/[\\w/#-]*)`)

/** A sentence with its code and its links to pages. The content stays plain text. */
export const Prose = ({ text }: { text: string }) => (
  <>
    {text.split(marked).map((part, index) => {
      if (index % 2 === 0) return part
      return part.startsWith('`') ? (
        <code key={index}>{part.slice(1, -1)}</code>
      ) : (
        <a key={index} href={part}>
          {part}
        </a>
      )
    })}
  </>
)
