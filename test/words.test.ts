import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isObject } from '../src/api/json.ts'
import { codeFolders, codeIn } from '../scripts/count/source.ts'
import { lineAt, parseFile, parseText, type Syntax, type SyntaxNode } from '../scripts/count/syntax.ts'

/** What a comment does not say, and what it says instead. */
const inComments: readonly (readonly [word: RegExp, instead: string])[] = [
  [/\b(?:tell|tells|telling|told)\b/i, 'report, notify, receive; to tell apart: distinguish'],
  [/\bnews\b/i, 'event, change'],
  [/\bgoOn\b/, 'signal, isCurrent'],
  [/\bwhoever\b/i, 'a sender, a caller, whom you mean'],
  [/\bwhatever\b/i, 'any, regardless of'],
  [/\banew\b/i, 'again'],
  [/\bbeside\b(?!-a-script)/i, 'with, in addition to, next to'],
  [/\b(?:becomes?|became|comes?|came)[\s*]+of\b/i, 'outcome, result'],
  [/\b(?:obstacle|hindrance|trouble)s?\b/i, 'problem'],
  [/\bin[\s*]+doubt\b/i, 'ambiguous, unknown'],
  [/\bunder[\s*]+way\b/i, 'in progress'],
  [/\bin[\s*]+the[\s*]+way\b(?! in which)/i, 'blocking'],
  [/\b(?:vouch|vouched|vouches|misled)\b/i, 'confirm, stale'],
]

/** What a name does not say. In words, a type's begin in capitals. */
const inNames: readonly (readonly [word: RegExp, instead: string])[] = [
  [/\b(?:tell|tells|telling|told|tale|tales)\b/i, 'report, notify, receive'],
  [/\bnews\b/i, 'event, change'],
  [/\bgo On\b/i, 'signal, isCurrent'],
  [/\b(?:whoever|whatever|anew|beside)\b/i, 'a name of the thing'],
  [/\b(?:obstacle|hindrance|barred|trouble|lacks)s?\b/i, 'problem'],
  [/^(?:most|least|longest|shortest) /i, 'max, min'],
  [/\b(?:vouched|misled|leash|leashed)\b/i, 'confirmed, stale'],
  [/^(?:Means|Parts|Surroundings|Given|How)$/, 'Deps, Context, Options'],
]

/** A reason that users see in answers, and a member of stored records. */
const kept: ReadonlySet<string> = new Set(['NoNews', 'newsAt'])

/** What was found for each name: most names are checked many times. */
const insteadOf = new Map<string, readonly string[]>()

/** Lists what to write instead of a name. It is compared in words: `maxBytes` is `max Bytes`. */
const insteadOfName = (name: string): readonly string[] => {
  const found = insteadOf.get(name)
  if (found) return found
  const words = name.replaceAll(/([a-z\d])(?=[A-Z])/g, '$1 ').replaceAll('_', ' ')
  const made = kept.has(name) ? [] : inNames.filter(([word]) => word.test(words)).map(([, instead]) => instead)
  insteadOf.set(name, made)
  return made
}

/** Any word of a comment's list, to pass over most texts at once. */
const anyInComments = new RegExp(inComments.map(([{ source }]) => source).join('|'), 'i')

/** Returns a text that a person reads: one with several words, in the product or its scripts. */
const shownIn = ({ type, value }: SyntaxNode, path: string): string => {
  const text = type === 'TemplateElement' && isObject(value) ? value['cooked'] : value
  const isShown = /^(?:src|scripts)\//.test(path) && typeof text === 'string' && /\s/.test(text)
  // A phase of a delivery, which is stored.
  return isShown && text !== 'no news' ? text : ''
}

/** Lists where a file says a word of the lists, as a compiler would: path, line, word, and what to say instead. */
const findingsIn = ({ comments, nodes, path, text }: Syntax): readonly string[] => {
  const read = [...comments, ...nodes.map(node => ({ start: node.start, value: shownIn(node, path) }))].filter(
    ({ value }) => anyInComments.test(value),
  )
  const said = read.flatMap(({ start, value }) =>
    inComments.flatMap(([word, instead]) =>
      [...value.matchAll(new RegExp(word, `${word.flags}g`))].map(match => ({
        line: lineAt(text, start + match.index),
        word: match[0].replaceAll(/[\s*]+/g, ' '),
        instead,
      })),
    ),
  )
  const named = nodes
    .filter(({ type }) => type === 'Identifier' || type === 'PrivateIdentifier')
    .flatMap(({ name, start }) =>
      insteadOfName(String(name)).map(instead => ({ line: lineAt(text, start), word: String(name), instead })),
    )
  return [...said, ...named].map(({ instead, line, word }) => `${path}:${line} says "${word}": ${instead}`)
}

/** Lists the same of the prose of a page. Code, tables, headings and text between back-ticks or quotes are names of things. */
const findingsInPage = (path: string, text: string): readonly string[] => {
  const prose = text
    .replaceAll(/^ *```[^]*?^ *```$/gm, blank)
    .replaceAll(/^[|#].*$|`[^`\n]*`|"[^"\n]*"|\[[^\]]*\]\([^)]*\)|<!--.*-->/gm, blank)
  return inComments.flatMap(([word, instead]) =>
    [...prose.matchAll(new RegExp(word, `${word.flags}g`))].map(
      match => `${path}:${lineAt(text, match.index)} says "${match[0]}": ${instead}`,
    ),
  )
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ')

test('comments, names and texts are in plain words', () => {
  expect(codeIn(codeFolders).flatMap(path => findingsIn(parseFile(path)))).toEqual([])
})

test('pages that people write are in plain words', () => {
  const pages = globSync(['*.md', '{docs,contributing}/**/*.md'], { exclude: ['CHANGELOG.md', 'docs/reference/**'] })
  expect(pages.flatMap(path => findingsInPage(path, readFileSync(path, 'utf8')))).toEqual([])
})

test.for([
  ['a comment', '// Is told when it ends.\nexport const end = 1', 'told'],
  [
    'a comment that goes on in the next line',
    '/**\n * What becomes\n * of it.\n */\nexport const end = 1',
    'becomes of',
  ],
  ['a name', 'export const newsOf = 1', 'newsOf'],
  ['a parameter', 'export const wait = (goOn: boolean) => !goOn', 'goOn'],
  ['a bound', 'export const mostItems = 1', 'mostItems'],
  ['a type', 'interface Means { readonly api: string }', 'Means'],
  ['a text', "export const text = 'it is told'", 'told'],
  ['a text with values', 'export const text = (what: string) => `${what} is told`', 'told'],
] as const)('%s with such a word is found', ([, text, word]) => {
  expect(findingsIn(parseText('src/planted.ts', text))).toContainEqual(expect.stringContaining(`says "${word}"`))
})

test.for([
  ['a sentence', 'Whoever posts\nis `told` so.', [`page.md:1 says "Whoever": a sender, a caller, whom you mean`]],
  ['a name', 'Set `told`, or "told".\n\n```\ntold\n```\n\n| told |\n', []],
] as const)('of a page, %s is read', ([, text, found]) => {
  expect(findingsInPage('page.md', text)).toEqual(found)
})

test.for([
  ['a word by itself', "export const text = 'told'"],
  ['a part of a word', 'export const almostEqual = 1 // newsletter'],
] as const)('%s is not', ([, text]) => {
  expect(findingsIn(parseText('src/planted.ts', text))).toEqual([])
})
