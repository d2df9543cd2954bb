/**
 * Counts how large the program is and how long the way of a post through it is: lines, files, and what nine posts
 * and a reconcile run, without the senders. It also counts names that several files export, circles of
 * imports and long functions. With --list it names them. `npm run count [-- --list]`
 */
import { parseArgs } from 'node:util'
import { ranByAll } from './count/post.ts'
import { importCircles, productFolders, sharedNames, sourceFiles, type SourceFile } from './count/source.ts'

/** A function beyond so many lines is listed. */
const maxFunctionLines = 90

const { values } = parseArgs({ options: { list: { type: 'boolean', default: false } } })

const src = sourceFiles(productFolders)
const test = sourceFiles(['test'])
const ran = await ranByAll()
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
  ['names that several files export', shared.size],
  ['import cycles, of types too', circles.length],
  ['  files in them', circles.flat().length],
  [`functions of more than ${maxFunctionLines} lines`, long.length],
]
for (const [what, count] of rows) console.log(`${what.padEnd(42)}${String(count).padStart(7)}`)
console.log(`\n${'what runs'.padEnd(42)}functions  files`)
for (const [name, { files, functions }] of ran)
  console.log(`${name.padEnd(42)}${String(functions.length).padStart(9)}${String(files.length).padStart(7)}`)
if (values.list) {
  for (const [name, { files, functions }] of ran)
    for (const file of files) {
      const inFile = functions.filter(({ path }) => path === file)
      console.log(`\n${name}, ${file}: ${inFile.length}`)
      for (const { line, text, calls } of inFile)
        console.log(`  ${`${line}`.padStart(4)} ${`${calls}x`.padStart(4)} ${text}`)
    }
  console.log()
  for (const [name, files] of shared) console.log(`${name}: ${files.join(', ')}`)
  console.log(`\n${circles.map(circle => circle.join(', ')).join('\n\n')}\n\n${long.join('\n')}`)
}
process.exit()
