/** A key of YAML at the beginning of a line: what it is called stands out, and nothing else is parsed. */
const keyed = /^(\s*(?:- )?)([\w./"-]+)(:)(.*)$/

/** YAML with its keys set off, as elements: text stays text. */
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
