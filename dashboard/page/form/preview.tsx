import { at, stringAt } from '../../../src/api/json.ts'
import { hookSpecSchema } from '../../../src/drivers/schemas.ts'
import type { Targets } from '../../protocol.ts'
import { CopyButton } from '../parts/notice.tsx'
import { me } from '../session.ts'
import { countOf } from '../store.ts'
import { kubectlApply } from '../words/kubectl.ts'
import { Coloured, Prose, Worst } from '../words/prose.tsx'
import { sentence } from '../words/sentence.ts'
import { messageOf, type DraftCheck } from './check.ts'
import { isChangedByOthers, specOf, type Draft } from './draft.ts'
import { problemOf } from './labels.ts'
import { Stairs } from './stairs-line.tsx'
import { filledIn } from './value.ts'

interface PreviewProps {
  readonly draft: Draft
  readonly checked: DraftCheck
  readonly targets: Targets
}

/** Shows the manifest, the effect of a post, and whether the API server would accept the hook. */
export const Preview = ({ checked, draft, targets }: PreviewProps) => {
  const spec = specOf(draft)
  const target = at(filledIn(hookSpecSchema, spec), String(spec['driver']), 'target')
  const [kind, name, pool] = ['kind', 'name', 'pool'].map(member => stringAt(target, member))
  // The minimum of an autoscaler is its count, and its maximum is a part.
  const count = stringAt(target, 'count') === 'max' ? 'max' : undefined
  const isWhole = pool === undefined && count === undefined
  const live = isWhole ? countOf(`${draft.namespace.value}/${kind}/${name}`).value?.replicas : undefined
  const listed = targets.targets.find(
    ({ more, ...candidate }) =>
      candidate.name === name && candidate.kind === kind && more?.['pool'] === pool && more?.['count'] === count,
  )?.replicas
  return (
    <section class="preview" aria-label="Manifest">
      <div class="line">
        <h2>As applied</h2>
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
      {'worst' in checked && checked.worst && <Worst isOpen sentences={checked.worst} />}
      <Verdict checked={checked} draft={draft} />
    </section>
  )
}

const Verdict = ({ checked, draft }: { checked: DraftCheck; draft: Draft }) => {
  const problem = problemOf(draft.wrong.value)
  const isOutdated = isChangedByOthers(draft)
  const text = ((): { readonly kind: string; readonly text: string } => {
    if (problem !== undefined) return { kind: problem.isWrong ? 'bad' : '', text: problem.text }
    // The result of the check is for an earlier version of the hook, so it is not shown.
    if (isOutdated) {
      return { kind: '', text: 'Nothing is saved, because someone else has changed the hook.' }
    }
    switch (checked.state) {
      case 'accepted':
        return { kind: 'good', text: `The API server would accept this from ${me.value?.user ?? 'you'}.` }
      case 'refused':
        return { kind: 'bad', text: sentence(messageOf(checked.refusal)) }
      case 'idle':
      case 'asking':
        return { kind: '', text: 'Asking the API server …' }
    }
  })()
  return (
    <p
      class={`strip ${text.kind}`}
      role="status"
      tabIndex={-1}
      data-verdict={problem !== undefined ? 'wrong' : isOutdated ? 'outdated' : checked.state}
    >
      <Prose text={text.text} />
    </p>
  )
}
