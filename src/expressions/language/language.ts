/**
 * The language of `when`: CEL with the variables body, headers, query and sender. This folder
 * parses, checks and runs an expression; `../worker` runs this code in a process of its own, with
 * limits of time and memory. No message quotes the delivery. Of `src/`, this folder imports only
 * `../../api` and `../../environment`.
 */
import { celEnv, CelScalar, mapType, celError, type parse, type CelFunc, type CelValue } from '@bufbuild/cel'
import { strings } from '@bufbuild/cel/ext'

/**
 * Conversions that the library does not make as CEL does
 * (https://github.com/google/cel-spec/blob/master/doc/langdef.md). It reads an empty text as 0, any other
 * text as a double, which may be NaN, and the seconds of a timestamp as milliseconds.
 */

const wholeNumber = /^[+-]?[0-9]+$/
const naturalNumber = /^[0-9]+$/
// Each digit can be matched in one way only: a text of a sender can be long.
const decimalNumber = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i
const notFinite = /^([+-]?)(nan|inf|infinity)$/i
const notEmpty = /./

/** The first and the last second of a timestamp, since the epoch. They are in the years 1 and 9999. */
const firstSecond = -62_135_596_800n
const lastSecond = 253_402_300_799n

/**
 * Returns the argument of a conversion in the form that the library reads as CEL does. Throws if CEL does
 * not convert the argument. Returns undefined for an argument of another type.
 */
type Prepare = (argument: CelValue | undefined) => CelValue | undefined

const textLike =
  (pattern: RegExp): Prepare =>
  text => {
    if (typeof text !== 'string') return undefined
    if (!pattern.test(text)) throw new Error('the text is not a value of this type')
    return text
  }

const decimal: Prepare = text => {
  const [, sign = '', name] = (typeof text === 'string' && notFinite.exec(text)) || []
  if (name !== undefined) return name.toLowerCase() === 'nan' ? 'NaN' : `${sign}Infinity`
  const prepared = textLike(decimalNumber)(text)
  if (Math.abs(Number(prepared)) === Infinity) throw new Error('double overflow')
  return prepared
}

const milliseconds: Prepare = seconds => {
  if (typeof seconds !== 'bigint') return undefined
  if (seconds < firstSecond || seconds > lastSecond) throw new Error('timestamp overflow')
  return seconds * 1000n
}

/** Returns an overload whose argument is prepared before the call. */
const withPrepared = (overload: CelFunc, prepare: Prepare): CelFunc => {
  const call: CelFunc['call'] = (id, target, args) => {
    try {
      const argument = args.length === 1 && target === undefined ? prepare(args[0]) : undefined
      return argument === undefined ? undefined : overload.call(id, undefined, [argument])
    } catch (error) {
      return celError(error, id)
    }
  }
  return new Proxy(overload, { get: (func, name): unknown => (name === 'call' ? call : Reflect.get(func, name)) })
}

/** Returns the conversions. Given to the library as functions, they replace its own ones. */
const conversions = (): readonly CelFunc[] => {
  const { funcs } = celEnv()
  const replaced = (name: string, from: 'int' | 'string', prepare: Prepare): readonly CelFunc[] =>
    [...(funcs.find(name) ?? [])]
      .filter(overload => overload.arguments[0]?.name === from)
      .map(overload => withPrepared(overload, prepare))
  return [
    ...replaced('int', 'string', textLike(wholeNumber)),
    ...replaced('uint', 'string', textLike(naturalNumber)),
    ...replaced('double', 'string', decimal),
    ...replaced('duration', 'string', textLike(notEmpty)),
    ...replaced('timestamp', 'int', milliseconds),
  ]
}

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
