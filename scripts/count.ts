/**
 * Counts how large the program is and how long a post's way through it is: lines, files, and what
 * one notification of Alertmanager to a `scale` hook runs. It also counts names that several files export, circles of
 * imports and long functions. With --list it names them. `npm run count [-- --list]`
 */
import { parseArgs } from 'node:util'
import { ranByPost } from './count/post.ts'
import { importCircles, productFolders, sharedNames, sourceFiles, type SourceFile } from './count/source.ts'

/** A function beyond so many lines is listed. */
const maxFunctionLines = 90

const { values } = parseArgs({ options: { list: { type: 'boolean', default: false } } })

const src = sourceFiles(productFolders)
const test = sourceFiles(['test'])
const { all, withoutSenders } = await ranByPost()
const shared = sharedNames(src)
const circles = importCircles(src)
const long = src.flatMap(({ functions, path }) =>
  functions
    .filter(({ lines }) => lines > maxFunctionLines)
    .map(({ line, lines }) => `${path}:${line} has ${lines} lines`),
)

const linesOf = (files: readonly SourceFile[]): number => files.reduce((total, { lines }) => total + lines, 0)
const rows: readonly (readonly [what: string, count: number])[] = [
  ['lines of the product', linesOf(src)],
  ['files of the product', src.length],
  ['lines of test', linesOf(test)],
  ['functions that a named post runs', all.functions.length],
  ['  without the senders', withoutSenders.functions.length],
  ['files that a named post runs through', all.files.length],
  ['  without the senders', withoutSenders.files.length],
  ['names that several files export', shared.size],
  ['import cycles, of types too', circles.length],
  ['  files in them', circles.flat().length],
  [`functions of more than ${maxFunctionLines} lines`, long.length],
]
for (const [what, count] of rows) console.log(`${what.padEnd(42)}${String(count).padStart(7)}`)
if (values.list) {
  for (const file of withoutSenders.files) {
    const ran = withoutSenders.functions.filter(({ path }) => path === file)
    console.log(`\n${file}: ${ran.length}`)
    for (const { line, text, calls } of ran)
      console.log(`  ${`${line}`.padStart(4)} ${`${calls}x`.padStart(4)} ${text}`)
  }
  console.log()
  for (const [name, files] of shared) console.log(`${name}: ${files.join(', ')}`)
  console.log(`\n${circles.map(circle => circle.join(', ')).join('\n\n')}\n\n${long.join('\n')}`)
}
process.exit()
