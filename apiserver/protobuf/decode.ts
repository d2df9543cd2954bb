import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { Buffer } from 'node:buffer'
import { rfc3339 } from '../../src/environment/time.ts'
import { isObject, stringAt, type JsonObject } from '../../src/api/json.ts'
import { messages } from './messages.ts'

/**
 * The media type that kubectl uses for objects of its own generators, such as `kubectl create
 * namespace shop`.
 */
export const protobufType = 'application/vnd.kubernetes.protobuf'

/** A body that cannot be parsed. The message is for the person who sent it. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError'
}

/**
 * Decodes an object in Kubernetes' encoding: four bytes, then an envelope with the type and the
 * object (k8s.io/apimachinery, runtime/serializer/protobuf). Throws a {@link ProtobufError}.
 */
export const decodeObject = (body: Uint8Array): JsonObject => {
  if (Buffer.from(body.subarray(0, 4)).toString('latin1') !== 'k8s\0') {
    throw new ProtobufError('the body is not Kubernetes protobuf: it does not begin with the four bytes "k8s\\0"')
  }
  try {
    return objectIn(body.subarray(4))
  } catch (error) {
    if (error instanceof ProtobufError) throw error
    throw new ProtobufError(`the body is not valid protobuf: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const objectIn = (envelope: Uint8Array): JsonObject => {
  let typeMeta: JsonObject = {}
  let raw: Uint8Array = new Uint8Array()
  eachField(envelope, (number, reader) => {
    if (number === 1) typeMeta = members('runtime.TypeMeta', reader.bytes())
    else if (number === 2) raw = reader.bytes()
    else return false
    return true
  })
  const apiVersion = stringAt(typeMeta, 'apiVersion') ?? ''
  const kind = stringAt(typeMeta, 'kind') ?? ''
  // DeleteOptions have the apiVersion of what they delete.
  const message = kind === 'DeleteOptions' ? `meta.${kind}` : `${rooms[apiVersion] ?? ''}.${kind}`
  if (!tables.has(message)) throw new ProtobufError(unknownKind(kind, apiVersion))
  return { apiVersion, kind, ...members(message, raw) }
}

/**
 * Returns the error message for an unknown kind. It does not mention protobuf, which kubectl's
 * users do not see.
 */
const unknownKind = (kind: string, apiVersion: string): string =>
  apiVersion.startsWith('rbac.authorization.k8s.io/')
    ? `the in-memory API server has no ${kind}: it lets everybody do everything, so leave out what gives rights`
    : `the in-memory API server has no ${kind || 'object'} of ${apiVersion || 'no version'}`

/**
 * The package of the messages of each supported API version. It is the first part of their names in
 * messages.ts.
 */
const rooms: Readonly<Record<string, string>> = {
  v1: 'core',
  'apps/v1': 'apps',
  'batch/v1': 'batch',
  'autoscaling/v1': 'autoscalingv1',
  'autoscaling/v2': 'autoscaling',
  'authentication.k8s.io/v1': 'authentication',
  'authorization.k8s.io/v1': 'authorization',
}

interface Field {
  readonly name: string | undefined
  readonly omitsZero: boolean
  readonly kind: 'one' | 'list' | 'map'
  readonly type: string
}

const fieldOf = (line: string): readonly [number, Field] => {
  const [number = '', name = '', type = ''] = line.split(' ')
  const kind = type.startsWith('[]') ? 'list' : type.startsWith('{}') ? 'map' : 'one'
  return [
    Number(number),
    {
      name: name === '-' ? undefined : name.replace('?', ''),
      omitsZero: name.endsWith('?'),
      kind,
      type: kind === 'one' ? type : type.slice(2),
    },
  ]
}

const tableOf = (lines: string): ReadonlyMap<number, Field> =>
  new Map(
    lines
      .split(', ')
      .filter(line => line !== '')
      .map(fieldOf),
  )

const tables: ReadonlyMap<string, ReadonlyMap<number, Field>> = new Map(
  Object.entries({ ...messages, 'runtime.TypeMeta': '1 apiVersion string, 2 kind string' }).map(([name, lines]) => [
    name,
    tableOf(lines),
  ]),
)

/** Calls `read` with the number of each field. If `read` returns false, the field is skipped. */
const eachField = (
  bytes: Uint8Array,
  read: (number: number, reader: BinaryReader, wire: WireType) => boolean,
): void => {
  const reader = new BinaryReader(bytes)
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag()
    if (!read(number, reader, wire)) reader.skip(wire, number)
  }
}

const members = (message: string, bytes: Uint8Array): JsonObject => {
  const table = tables.get(message)
  const object: Record<string, unknown> = {}
  eachField(bytes, (number, reader, wire) => {
    const field = table?.get(number)
    if (field === undefined) return false
    const { kind, name, omitsZero, type } = field
    if (name === undefined) {
      Object.assign(object, members(type, reader.bytes()))
      return true
    }
    if (kind === 'map') {
      const [key, value] = entry(type, reader.bytes())
      object[name] = { ...(isObject(object[name]) ? object[name] : {}), [key]: value }
      return true
    }
    const value = valueOf(type, reader, wire)
    if (kind === 'list') object[name] = [...itemsOf(object[name]), value]
    else if (value !== undefined && !(omitsZero && isZero(value))) object[name] = value
    return true
  })
  return object
}

const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/**
 * Returns whether Go's `omitempty` leaves a value out of JSON. A message is never left out, even if
 * it is empty.
 */
const isZero = (value: unknown): boolean => value === '' || value === 0 || value === false

const entry = (type: string, bytes: Uint8Array): readonly [string, unknown] => {
  let key = ''
  let value: unknown = type === 'string' || type === 'bytes' ? '' : {}
  eachField(bytes, (number, reader, wire) => {
    if (number === 1) key = reader.string()
    else if (number === 2) value = valueOf(type, reader, wire)
    else return false
    return true
  })
  return [key, value]
}

const valueOf = (type: string, reader: BinaryReader, wire: WireType): unknown => {
  switch (type) {
    case 'string':
      return reader.string()
    case 'integer':
      return Number(reader.int64())
    case 'boolean':
      return reader.bool()
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64')
    default:
      if (wire !== WireType.LengthDelimited) throw new ProtobufError(`a field of type ${type} is not a message`)
      return special(type, reader.bytes())
  }
}

/** Decodes a message. Some types have a special form in JSON; all others become objects. */
const special = (type: string, bytes: Uint8Array): unknown => {
  switch (type) {
    case 'Quantity':
      return text(bytes, 1)
    case 'FieldsV1':
    case 'RawExtension':
      return parsed(bytes)
    case 'IntOrString':
      return numberOf(bytes, 1) === 1 ? text(bytes, 3) : numberOf(bytes, 2)
    case 'Time': {
      const seconds = numberOf(bytes, 1)
      return seconds === 0 ? undefined : rfc3339(seconds * 1000)
    }
    default:
      return members(type, bytes)
  }
}

const text = (bytes: Uint8Array, wanted: number): string => {
  let found = ''
  eachField(bytes, (number, reader, wire) => {
    if (number !== wanted || wire !== WireType.LengthDelimited) return false
    found = reader.string()
    return true
  })
  return found
}

const numberOf = (bytes: Uint8Array, wanted: number): number => {
  let found = 0
  eachField(bytes, (number, reader, wire) => {
    if (number !== wanted || wire !== WireType.Varint) return false
    found = Number(reader.int64())
    return true
  })
  return found
}

const parsed = (bytes: Uint8Array): unknown => {
  const value: unknown = JSON.parse(text(bytes, 1) || 'null')
  return value
}
