import { celEnv, celError, type CelFunc, type CelValue } from '@bufbuild/cel'

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
    if (!pattern.test(text)) throw new Error('the text is no value of this type')
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
export const conversions = (): readonly CelFunc[] => {
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
