/** A text in lines of at most `width` characters, broken at blanks; one line where there is no width. */
export const wrapped = (text: string, width: number | undefined): readonly string[] => {
  if (width === undefined) return [text]
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
