import { namespaces } from '../namespaces.ts'
import { TextField } from '../parts/text-field.tsx'
import type { Draft } from './draft.ts'

/** Name and namespace; a hook that is changed keeps both. */
export const NameFields = ({ all, draft, edit }: { draft: Draft; edit: boolean; all: boolean }) => {
  const required = (path: string, typed: string): { readonly fault: string | undefined } => ({
    fault: typed !== '' || all ? draft.wrong.value.get(path) : undefined,
  })
  if (edit) return null
  return (
    <div class="pair">
      <TextField
        id="field-name"
        label="Name"
        text={draft.name}
        isTrimmed
        required={required('metadata.name', draft.name.value)}
      />
      <TextField
        id="field-namespace"
        label="Namespace"
        text={draft.namespace}
        isTrimmed
        required={required('metadata.namespace', draft.namespace.value)}
        choices={namespaces.value.names}
      />
    </div>
  )
}
