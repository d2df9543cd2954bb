import { namespaces } from '../namespaces.ts'
import { TextField } from '../parts/text-field.tsx'
import type { Draft } from './draft.ts'

/**
 * The fields for name and namespace. The form of an existing hook has neither, because the hook
 * keeps both.
 */
export const NameFields = ({ all, draft, edit }: { draft: Draft; edit: boolean; all: boolean }) => {
  if (edit) return null
  const field = (
    member: 'name' | 'namespace',
    label: string,
    offered: { readonly choices?: readonly string[] } = {},
  ) => {
    const text = draft[member]
    const fault = text.value !== '' || all ? draft.wrong.value.get(`metadata.${member}`) : undefined
    return <TextField id={`field-${member}`} label={label} text={text} isTrimmed required={{ fault }} {...offered} />
  }
  return (
    <div class="pair">
      {field('name', 'Name')}
      {field('namespace', 'Namespace', { choices: namespaces.value.names })}
    </div>
  )
}
