import { isObject, stringAt } from '../../../api/json.ts'
import type { ControlProps } from './props.ts'
import { valueAt, withDefaults } from './value.ts'

/** Names an object: one of those that there are, or, where they cannot be listed, one by hand. */
export const Picker = ({ described, draft, path, schema, targets }: ControlProps) => {
  const current: unknown = withDefaults(schema, valueAt(draft.spec.value, path))
  const optionValue = (target: unknown): string =>
    `${stringAt(target, 'apiVersion') ?? ''} ${stringAt(target, 'kind') ?? ''} ${stringAt(target, 'name') ?? ''}`
  const chosen = isObject(current) && current['name'] !== undefined ? optionValue(current) : ''
  const known = targets.targets.some(target => optionValue(target) === chosen)
  if (targets.targets.length === 0) {
    return (
      <input
        {...described}
        spellcheck={false}
        autocapitalize="off"
        value={stringAt(current, 'name') ?? ''}
        onInput={event =>
          draft.set([...path, 'name'], event.currentTarget.value === '' ? undefined : event.currentTarget.value)
        }
      />
    )
  }
  return (
    <select
      {...described}
      value={chosen}
      onChange={event => {
        const found = targets.targets.find(target => optionValue(target) === event.currentTarget.value)
        draft.set(path, found && { apiVersion: found.apiVersion, kind: found.kind, name: found.name })
      }}
    >
      <option value="">Choose …</option>
      {chosen !== '' && !known && (
        <option value={chosen}>{`${stringAt(current, 'kind')}/${stringAt(current, 'name')} (not there)`}</option>
      )}
      {targets.targets.map(target => (
        <option key={optionValue(target)} value={optionValue(target)}>
          {`${target.kind}/${target.name}`}
          {target.replicas === undefined ? '' : `, ${target.replicas} now`}
          {target.owner === undefined ? '' : ` (set by ${target.owner})`}
        </option>
      ))}
    </select>
  )
}
