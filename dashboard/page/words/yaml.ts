/**
 * Matches texts that YAML 1.1 or 1.2 would read without quotes as another type, such as a boolean
 * or a number.
 */
const ambiguous = /^(?:|~|null|true|false|yes|no|on|off|y|n|[-+.\d].*|e[-+]?[\d]+|=|<<)$/i
const plain = /^[A-Za-z0-9_./(][A-Za-z0-9_./%()@+=~^ -]*$/

const isNode = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0

/** Matches characters that JSON does not escape, but YAML forbids or reads as a line break. */
const unprintable =
  /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

const text = (value: string): string =>
  plain.test(value) && !ambiguous.test(value) && !value.endsWith(' ')
    ? value
    : JSON.stringify(value).replaceAll(unprintable, escaped)

const leaf = (value: unknown): string => {
  if (typeof value === 'string') return text(value)
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? '[]' : '{}'
  return JSON.stringify(value)
}

/** Writes JSON data as YAML in block style. YAML 1.1 and 1.2 both read the same data back. */
export const toYaml = (value: object, pad = ''): string =>
  Array.isArray(value)
    ? value
        .map(item => `${pad}- ${isNode(item) ? toYaml(item, `${pad}  `).slice(pad.length + 2) : `${leaf(item)}\n`}`)
        .join('')
    : Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(
          ([name, member]) =>
            `${pad}${text(name)}:${isNode(member) ? `\n${toYaml(member, `${pad}  `)}` : ` ${leaf(member)}\n`}`,
        )
        .join('')
