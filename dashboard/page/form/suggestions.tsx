import { stringAt } from '../../../src/api/json.ts'
import { useAnswer } from '../answered.ts'
import type { Draft } from './draft.ts'
import { valueAt, type Path } from './value.ts'

/** The kinds of the objects that members of a spec name. The member is called so, or has a `name` in it. */
const kinds: Readonly<Record<string, string>> = {
  cronJob: 'CronJob',
  service: 'Service',
  secretKeyRef: 'Secret',
  secretRef: 'Secret',
  serviceAccountName: 'ServiceAccount',
}

/** Returns what a field names: an object of a kind, or with `of` a part of this object. Undefined for other fields. */
export const namedAt = (spec: unknown, path: Path): { readonly kind: string; readonly of: string } | undefined => {
  const [member = '', inside = ''] = [path.at(-1), path.at(-2)]
  // The previous key stands next to the reference to the Secret.
  if (member === 'previousKey') {
    const around = valueAt(spec, path.slice(0, -1))
    const of = stringAt(around, 'secretKeyRef', 'name') ?? stringAt(around, 'secretRef', 'name')
    return of === undefined ? undefined : { kind: 'Secret', of }
  }
  const own = kinds[member]
  const kind = own ?? kinds[inside]
  if (kind === undefined) return undefined
  if (own !== undefined || member === 'name') return { kind, of: '' }
  const of = stringAt(valueAt(spec, path.slice(0, -1)), 'name') ?? ''
  return (member === 'key' || member === 'port') && of !== '' ? { kind, of } : undefined
}

/** The names that a text field offers. Other text stays possible. */
export const Suggestions = ({ draft, id, path }: { draft: Draft; id: string; path: Path }) => {
  const namespace = draft.namespace.value
  const { kind, of = '' } = namedAt(draft.spec.value, path) ?? {}
  const query = `kind=${kind}&of=${encodeURIComponent(of)}`
  const isKnown = kind !== undefined && namespace !== ''
  const { body: names } = useAnswer<readonly string[]>(
    isKnown ? `/api/namespaces/${namespace}/names?${query}` : undefined,
  )
  return (
    <datalist id={id}>
      {names?.map(name => (
        <option key={name} value={name} />
      ))}
    </datalist>
  )
}
