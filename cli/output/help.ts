import type { HelpConfiguration } from 'commander'
import type { Command } from '../../src/commands/command.ts'
import { wrapped } from './wrap.ts'

/**
 * The greatest width of help. Terminals have at least 80 columns, and longer lines are hard to
 * read.
 */
const maxColumns = 80

/** A term with at most this many characters has its meaning on the same line. */
const termColumns = 26

const indent = 2

/**
 * Returns the width of help in a terminal with `columns` columns. Undefined: without a terminal.
 */
export const helpColumns = (columns: number | undefined): number => Math.min(columns ?? maxColumns, maxColumns)

/** How help lays out a term and its meaning. */
export const helpLayout: HelpConfiguration = {
  optionTerm: ({ flags }) => flags.replace(/ \[(.*)\]$/, '[=$1]'),
  formatItem: (term, widest, meaning, { helpWidth }) => itemLines(term, widest, meaning, helpColumns(helpWidth)),
}

const itemLines = (term: string, widest: number, meaning: string, columns: number): string => {
  const width = Math.min(widest, termColumns)
  const column = indent + width + indent
  const [first = '', ...others] = wrapped(meaning, columns - column)
  const below = ' '.repeat(column)
  const head = ' '.repeat(indent) + term
  const lines = term.length <= width ? [head.padEnd(column) + first] : [head, below + first]
  return [...lines, ...others.map(line => below + line)].join('\n')
}

/** Returns a command's description, which is shown above its arguments and flags. */
export const description = (summary: string, { details, terms = [] }: Described, columns: number): string => {
  const widest = Math.max(...terms.map(({ term }) => term.length))
  const list = terms.map(({ means, term }) => itemLines(term, widest, means, columns))
  const text = details?.split('\n').flatMap(paragraph => wrapped(paragraph, columns)) ?? []
  return [[summary], list, text]
    .filter(lines => lines.length > 0)
    .map(lines => lines.join('\n'))
    .join('\n\n')
}

type Described = Pick<Command, 'details' | 'terms'>

/**
 * Splits a line of shell that is wider than `columns`. It splits before a flag, a pipe, a
 * redirection or another command.
 */
export const shellLines = (line: string, columns: number): string => {
  const end = ' \\'
  const parts = line.split(/ (?=--|(?:[|><]|&&) )/)
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${part}${end}`.length <= columns) lines[lines.length - 1] = `${last} ${part}`
    else lines.push(lines.length === 0 ? part : `    ${part}`)
  }
  return lines.join(`${end}\n`)
}
