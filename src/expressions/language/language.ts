/**
 * The language of `when`: CEL with the variables body, headers, query and sender. This folder
 * parses, checks and runs an expression; `../worker` runs this code in a process of its own, with
 * limits of time and memory. No message quotes the delivery. Of `src/`, this folder imports only
 * `../../api` and `../../environment`.
 */
import { celEnv, CelScalar, mapType, type parse } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'
import { conversions } from './conversions.ts'

/** A node of a parsed expression. */
export type Expr = ReturnType<typeof parse>['expr']

const textMap = mapType(CelScalar.STRING, CelScalar.STRING)

/**
 * Returns the language of `when`: CEL with its standard functions and the strings extension. The
 * variables are
 * - `body`: the JSON of the delivery, or null. Its numbers are doubles, as CEL's specification
 *   says.
 * - `headers`: the values of the headers, by their names in lower case.
 * - `query`: the parameters of the URL. If one is repeated, its last value counts.
 * - `sender`: the name of the sender module that recognised the delivery.
 */
export const language = () =>
  celEnv({
    variables: { body: CelScalar.DYN, headers: textMap, query: textMap, sender: CelScalar.STRING },
    funcs: [...strings, ...conversions()],
  })

export type Language = ReturnType<typeof language>

/** The variables, and the possible types of each. */
export const roots: ReadonlyMap<string, readonly string[]> = new Map([
  ['body', ['map', 'list', 'null_type']],
  ['headers', ['map']],
  ['query', ['map']],
  ['sender', ['string']],
])

/** The variables whose members are all strings. */
export const textRoots: ReadonlySet<string> = new Set(['headers', 'query'])

/** The names of types. They are values too: `type(body.x) == string`. */
export const typeNames: ReadonlySet<string> = new Set([
  ...['bool', 'bytes', 'double', 'int', 'list', 'map', 'null_type', 'string', 'type', 'uint'],
  ...['google.protobuf.Duration', 'google.protobuf.Timestamp'],
])

/** The macros, which look like functions, and how to write each. */
export const macros: ReadonlyMap<string, string> = new Map([
  ['has', 'has(body.member)'],
  ['all', "body.alerts.all(alert, alert.status == 'firing')"],
  ['exists', "body.alerts.exists(alert, alert.status == 'firing')"],
  ['exists_one', "body.alerts.exists_one(alert, alert.status == 'firing')"],
  ['map', 'body.alerts.map(alert, alert.status)'],
  ['filter', "body.alerts.filter(alert, alert.status == 'firing')"],
])
