import { at, stringAt } from '../../../api/json.ts'
import type { Targets } from '../../protocol.ts'
import { CopyButton } from '../parts/notice.tsx'
import { me } from '../session.ts'
import { countOf } from '../store.ts'
import { Coloured } from '../words/colours.tsx'
import { kubectlApply } from '../words/kubectl.ts'
import { messageOf, type Checked } from './check.ts'
import { specOf, type Draft } from './draft.ts'
import { Stairs } from './stairs-line.tsx'

/** The manifest that the form stands for, what it would do, and whether the API server would accept it. */
export const Preview = ({ checked, draft, targets }: { draft: Draft; checked: Checked; targets: Targets }) => {
  const spec = specOf(draft)
  const target = at(spec, String(spec['driver']), 'target')
  const name = stringAt(target, 'name')
  const kind = stringAt(target, 'kind') ?? 'Deployment'
  const live = countOf(`${draft.namespace.value}/${kind}/${name ?? ''}`).value?.replicas
  const listed = targets.targets.find(candidate => candidate.name === name && candidate.kind === kind)?.replicas
  return (
    <section class="preview" aria-label="Manifest">
      <div class="line">
        <h2>As it is applied</h2>
        <span class="grow" />
        <CopyButton label="Copy YAML" said="The manifest was copied." text={() => draft.yaml.value} />
        <CopyButton
          label="Copy as kubectl line"
          said="The kubectl line was copied."
          text={() => kubectlApply(draft.yaml.value)}
        />
      </div>
      <pre class="yaml" tabIndex={0} aria-label="The manifest as YAML">
        <Coloured yaml={draft.yaml.value} />
      </pre>
      <Stairs spec={spec} from={live ?? listed} />
      <Verdict checked={checked} draft={draft} />
    </section>
  )
}

const Verdict = ({ checked, draft }: { checked: Checked; draft: Draft }) => {
  const [first] = draft.wrong.value
  const missing = [...draft.wrong.value]
    .filter(([, message]) => message === 'must be set')
    .map(([path]) => path.split('.').at(-1))
  const text = ((): { readonly kind: string; readonly text: string } => {
    if (missing.length > 0) return { kind: '', text: `Still needed: ${missing.join(', ')}.` }
    if (first !== undefined) return { kind: '', text: `Not right yet: ${first[0]} ${first[1]}` }
    switch (checked.state) {
      case 'accepted':
        return { kind: 'good', text: `The API server would accept this (${me.value?.user ?? ''}).` }
      case 'refused':
        return { kind: 'bad', text: messageOf(checked.refusal) }
      case 'idle':
      case 'asking':
        return { kind: '', text: 'Asking the API server …' }
    }
  })()
  return (
    <p class={`strip ${text.kind}`} role="status" data-verdict={first === undefined ? checked.state : 'wrong'}>
      {text.text}
    </p>
  )
}
