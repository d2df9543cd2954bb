/**
 * The language of `when`: CEL with the variables body, headers, query and sender. This folder reads,
 * checks and runs an expression; `../worker` does that in a process of its own, with a bound for time
 * and memory. No message holds anything of the delivery.
 */
import { celEnv, CelScalar, mapType, type parse } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'

/** A node of a parsed expression. */
export type Expr = ReturnType<typeof parse>['expr']

const textMap = mapType(CelScalar.STRING, CelScalar.STRING)

/**
 * The language of `when`: CEL with its standard functions and the strings extension. The variables are
 * - `body`: the JSON of the delivery, null when it has none. Numbers of JSON are doubles, as CEL's specification says.
 * - `headers`: by their names in lower case.
 * - `query`: the parameters of the URL; of those that are given twice, the last.
 * - `sender`: the name of the sender module that recognised the delivery.
 */
export const language = () =>
  celEnv({
    variables: { body: CelScalar.DYN, headers: textMap, query: textMap, sender: CelScalar.STRING },
    funcs: [...strings],
  })

export type Language = ReturnType<typeof language>

/** What an expression may name first, and what kinds of values that can be. */
export const roots: ReadonlyMap<string, readonly string[]> = new Map([
  ['body', ['map', 'list', 'null_type']],
  ['headers', ['map']],
  ['query', ['map']],
  ['sender', ['string']],
])

/** The roots whose members are all strings. */
export const textRoots: ReadonlySet<string> = new Set(['headers', 'query'])

/** The names of types, which are values too: `type(body.x) == string`. */
export const typeNames: ReadonlySet<string> = new Set([
  ...['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'type', 'uint'],
  ...['google.protobuf.Duration', 'google.protobuf.Timestamp'],
])

/** What looks like functions and is none; and how each is written. */
export const macros: ReadonlyMap<string, string> = new Map([
  ['has', 'has(body.member)'],
  ['all', "body.alerts.all(alert, alert.status == 'firing')"],
  ['exists', "body.alerts.exists(alert, alert.status == 'firing')"],
  ['exists_one', "body.alerts.exists_one(alert, alert.status == 'firing')"],
  ['map', 'body.alerts.map(alert, alert.status)'],
  ['filter', "body.alerts.filter(alert, alert.status == 'firing')"],
])
