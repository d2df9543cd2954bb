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
