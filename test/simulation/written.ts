import { at, isObject, stringAt, tryParseJson } from '../../src/api/json.ts'
import { markAnnotation } from '../../src/steps/target/via-object.ts'

/** A marked write, as it is on its way. */
export interface WrittenCount {
  readonly target: string
  /** Undefined where the mark is the field manager. */
  readonly mark: string | undefined
  readonly version: string
  /** Undefined where it leaves the count as it is. */
  readonly to: number | undefined
}

const fleet = /[/]fleets[/]([^/]+)$/
const annotation = `/metadata/annotations/${markAnnotation.replace('/', '~1')}`

/** What a patch says of a count; undefined where it is of something else. */
export const writtenIn = (path: string, body: string): WrittenCount | undefined => {
  const sent = tryParseJson(body)
  if (path.endsWith('/scale')) {
    const target = path.split('/').at(-2) ?? ''
    const version = stringAt(sent, 'metadata', 'resourceVersion') ?? ''
    return { target, mark: undefined, version, to: Number(at(sent, 'spec', 'replicas')) }
  }
  const target = fleet.exec(path)?.[1]
  if (target === undefined || !Array.isArray(sent)) return undefined
  const valueAt = (pointer: string): unknown =>
    sent.filter(isObject).find(({ op, path }) => path === pointer && op !== 'test')?.['value']
  const [mark, to, version] = [annotation, '/spec/size', '/metadata/resourceVersion'].map(valueAt)
  return {
    target,
    mark: typeof mark === 'string' ? mark : '',
    version: typeof version === 'string' ? version : '',
    to: typeof to === 'number' ? to : undefined,
  }
}
