import { expect, test } from 'vitest'
import { commentsIn, sentencesIn } from '../scripts/count/comments.ts'
import { codeFolders, codeIn } from '../scripts/count/source.ts'
import { parseFile, parseText, type Syntax } from '../scripts/count/syntax.ts'

/** The longest sentence of a comment, in words. Most have fewer than 20. */
const maxWords = 30

/** Verbs that a clause may follow. After any other word in -s it follows a noun, as in "Posts that wait". */
const verbs = 'Returns|Checks|Notes|Stores|Verifies|Keeps|Reads|Shows'

/** Returns whether a comment begins with a verb in the third person. */
const beginsWithVerb = (text: string): boolean =>
  /^[A-Z][a-z]+s\b/.test(text) &&
  !/^(?:This|Its|As|Is|Was|Has|Those|Whose)\b/.test(text) &&
  (new RegExp(`^(?:${verbs})\\b`).test(text) || !/^\w+ (?:that|which|of|whose)\b/.test(text))

/** Clauses that begin with the same words and say what somebody does or knows. */
const others =
  /\b(?:so|now|after|prove[sn]?|proof|says?|see[ns]?|means?|known?|knows|notes?|shows?|checks?|returns|decides?|remembers) (?:that|which|whose)\b|\b(?:such|those|these) that\b|\bsays which\b/gi

const pronounsIn = (text: string): number => text.match(/\b(?:that|which|who|whom|whose)\b/g)?.length ?? 0

/** Returns whether a relative clause lies in another one, or a sentence has more than two. */
const isNested = (sentence: string): boolean => {
  const said = sentence.replaceAll(others, '')
  return pronounsIn(said) > 2 || said.split(/[,:(]\s?/).some(part => pronounsIn(part) > 1)
}

/** Lists what is wrong with the comments of a file, as a compiler would. */
const findingsIn = (file: Syntax): readonly string[] =>
  commentsIn(file).flatMap(({ function: name, line, text }) => {
    const at = `${file.path}:${line}`
    const sentences = sentencesIn(text)
    return [
      ...(name === undefined || beginsWithVerb(text)
        ? []
        : [`${at} does not say what ${name} does: begin with a verb`]),
      ...sentences
        .filter(sentence => sentence.split(' ').length > maxWords)
        .map(sentence => `${at} has a sentence of more than ${maxWords} words: ${sentence}`),
      ...sentences.filter(isNested).map(sentence => `${at} has a relative clause in another one: ${sentence}`),
    ]
  })

test('comments say what a function does, in short sentences', () => {
  expect(
    codeIn(codeFolders)
      .filter(path => !path.startsWith('test/simulation/'))
      .flatMap(path => findingsIn(parseFile(path))),
  ).toEqual([])
})

test.for([
  [
    'a function',
    '/** The count of an object. */\nexport const countOf = (object: object) => object',
    'begin with a verb',
  ],
  ['a method', 'class Line {\n  /** What waits. */\n  waiting() {}\n}', 'begin with a verb'],
  ['a plural', '/** Posts that wait. */\nfunction waiting() {}', 'begin with a verb'],
  ['a long sentence', `// ${'One more word and '.repeat(8)}it is over.\nexport const end = 1`, 'more than 30 words'],
  [
    'a nested clause',
    '/** A post that waits for a write which another process has claimed. */\nexport const end = 1',
    'a relative clause in another one',
  ],
] as const)('%s with such a comment is found', ([, text, said]) => {
  expect(findingsIn(parseText('src/planted.ts', text))).toEqual([expect.stringContaining(said)])
})

test.for([
  ['a verb', '/** Returns the count of an object. */\nexport const countOf = (object: object) => object'],
  ['a component', '/** The list of hooks. */\nexport const List = () => undefined'],
  [
    'a list',
    '/**\n * Reads one of these.\n *\n * - a post that waits\n * - a write that is stored\n */\nfunction read() {}',
  ],
  ['a purpose', '/** Keeps what a post that waits needs, so that it is answered. */\nfunction keep() {}'],
] as const)('%s is not', ([, text]) => {
  expect(findingsIn(parseText('src/planted.ts', text))).toEqual([])
})
