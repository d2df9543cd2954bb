/** A terminal as a picture: what was typed, and what was printed, with its colours. */
const colours: Readonly<Record<string, string>> = { '31': '#ff8a80', '32': '#8bd98b', '33': '#f2c55c' }

const cell = { width: 8.43, height: 19, size: 14 }
const margin = 16

/** Returns one line of text with ANSI's own colours, as pieces of SVG. */
const piecesOf = (line: string): string => {
  const [first = '', ...rest] = line.split(escape)
  const styled = rest.map(piece => {
    const [, code = '', text = ''] = /^\[(\d+)m(.*)$/s.exec(piece) ?? []
    return tspan(code === '0' ? '' : styleOf(code), text)
  })
  return [tspan('', first), ...styled].join('')
}

/** What begins each of ANSI's sequences. */
const escape = '\u001B'

const tspan = (style: string, text: string): string => (text === '' ? '' : `<tspan${style}>${escaped(text)}</tspan>`)

const styleOf = (code: string): string => {
  if (code === '1') return ' font-weight="bold"'
  if (code === '2') return ' fill="#9aa4b2"'
  const fill = colours[code]
  return fill === undefined ? '' : ` fill="${fill}"`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/**
 * Returns the picture of a terminal of so many columns. Blanks are kept by xml:space, and in browsers that no longer inherit it into
 * text by a style. `title` is for those who cannot see it.
 */
export const terminalPicture = (title: string, text: string, columns: number): string => {
  const lines = text.trimEnd().split('\n')
  const [width, height] = [Math.ceil(columns * cell.width + 2 * margin), lines.length * cell.height + 2 * margin]
  const rows = lines.map(
    (line, index) => `  <text x="${margin}" y="${margin + (index + 0.75) * cell.height}">${piecesOf(line)}</text>`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${cell.size}" fill="#e6e9ef" xml:space="preserve">
  <style>text { white-space: pre }</style>
  <rect width="${width}" height="${height}" rx="8" fill="#1b2130"/>
${rows.join('\n')}
</svg>
`
}
