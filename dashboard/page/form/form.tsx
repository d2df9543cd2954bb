import { useSignal, useSignalEffect, type Signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { isObject } from '../../../src/api/json.ts'
import type { HookDetail, Targets } from '../../protocol.ts'
import { useAnswer } from '../answered.ts'
import { after, element, focusHeading, onLeaving } from '../browser.ts'
import { isForbidden } from '../list/states.tsx'
import { namespaceShown, namespaces, showNamespace } from '../namespaces.ts'
import { ActionButton } from '../parts/act.tsx'
import { say } from '../parts/notice.tsx'
import { PageLink, Trail } from '../parts/links.tsx'
import { CheckField, TextField } from '../parts/text-field.tsx'
import { whyNot } from '../rights.ts'
import { goto, hookHref, listHref, query } from '../route.ts'
import { me } from '../session.ts'
import { namesIn } from '../store.ts'
import { sendDraft, settleMs, type DraftCheck } from './check.ts'
import { cloneSpec, freeName } from './clone.ts'
import { draftOf, driverNames, isChangedByOthers, oppositeIn, type Draft, type DraftStart } from './draft.ts'
import { Preview } from './preview.tsx'
import { SpecFields } from './spec-fields.tsx'
import { putAt } from './value.ts'

const noTargets: Targets = { types: [], targets: [], missing: [] }

interface FormProps {
  readonly what: 'add' | 'clone' | 'edit'
  /** The hook to clone or to edit. */
  readonly hook?: HookDetail
  /** Begins again with the stored hook. */
  readonly onAgain?: () => void
}

/** Returns what the form begins with. `hadSecret`: the hook to clone has a Secret for its URL. */
const startOf = ({ hook, what }: FormProps): DraftStart & { readonly hadSecret?: boolean } => {
  if (hook === undefined) {
    const namespace = namespaceShown.value || (me.value?.namespace ?? namespaces.value.names[0] ?? 'default')
    return { name: '', namespace, spec: { driver: driverNames[0] } }
  }
  const { generation, name, namespace, spec, uid } = hook
  if (what === 'clone') return { name: freeName(`${name}-copy`, namesIn(namespace)), namespace, ...cloneSpec(spec) }
  // The query of a link can set the Secret for the URL. The page's texts for Alertmanager have such
  // a link.
  const secretName = query.peek().get('secretName')
  const put = secretName === null ? spec : putAt(spec, ['token', 'secretName'], secretName)
  return { name, namespace, spec: isObject(put) ? put : spec, base: spec, seen: { uid, generation } }
}

/** Checks the draft with the API server after each change, if the form finds no error. */
const useChecked = (draft: Draft): Signal<DraftCheck> => {
  const checked = useSignal<DraftCheck>({ state: 'idle' })
  useSignalEffect(() => {
    const yaml = draft.yaml.value
    if (draft.wrong.value.size > 0) {
      checked.value = { state: 'idle' }
      return undefined
    }
    const before = checked.peek()
    checked.value = { state: 'asking', ...('worst' in before && { worst: before.worst }) }
    let current = true
    const cancel = after(settleMs, () => {
      void sendDraft(draft, true).then(answer => {
        if (!current) return
        checked.value = answer.ok
          ? { state: 'accepted', worst: answer.body.worst }
          : { state: 'refused', refusal: answer.refusal }
        draft.refuse(yaml, answer.ok ? undefined : answer.refusal.fields)
      })
    })
    return () => {
      current = false
      cancel()
    }
  })
  return checked
}

/** The form for a new hook, a clone or a change. */
export const HookForm = (props: FormProps) => {
  const { hook, onAgain, what } = props
  const start = useMemo(() => startOf(props), [])
  const draft = useMemo(() => draftOf(start), [])
  const sending = useSignal(false)
  const all = useSignal(false)
  const namespace = draft.namespace.value
  const offered = `/api/namespaces/${namespace}/targets?driver=${String(draft.spec.value['driver'])}`
  const { body: targets = noTargets } = useAnswer<Targets>(namespace === '' ? undefined : offered)
  const checked = useChecked(draft)
  useEffect(() => {
    // Focuses the name, because the user types it first.
    if (what !== 'edit') element('field-name')?.focus()
    else if (document.activeElement === document.body) focusHeading()
  }, [])
  useEffect(() => onLeaving(() => draft.dirty.value && !sending.value), [])

  const submit = async (): Promise<void> => {
    all.value = true
    if (draft.wrong.value.size > 0) return focusFault()
    sending.value = true
    const yaml = draft.yaml.value
    // If the opposite hook is wanted too, both are checked before the first is created.
    const isJudged = checked.value.state === 'accepted' || !draft.opposite.value
    const judged = isJudged ? undefined : await sendDraft(draft, true)
    const sent = { namespace: draft.namespace.value, name: draft.name.value }
    const answer = judged?.ok === false ? judged : await sendDraft(draft, false)
    if (!answer.ok) {
      sending.value = false
      checked.value = { state: 'refused', refusal: answer.refusal }
      draft.refuse(yaml, answer.refusal.fields)
      return focusFault()
    }
    say(`${sent.name} was ${what === 'edit' ? 'changed' : 'created'}.`)
    // Where the hooks of all namespaces are shown, the new one is among them.
    if (what !== 'edit' && (namespaceShown.peek() !== '' || isForbidden())) showNamespace(sent.namespace)
    goto(hookHref(`${sent.namespace}/${sent.name}`))
  }
  const why = whyNot(namespace, what === 'edit' ? 'update' : 'create')
  const before = hook === undefined ? listHref() : hookHref(`${hook.namespace}/${hook.name}`)
  const title = hook === undefined ? 'Add a hook' : `${what === 'clone' ? 'Clone' : 'Edit'} ${hook.name}`
  return (
    <div class="split">
      <form
        aria-label={title}
        noValidate
        onSubmit={event => {
          event.preventDefault()
          if (why === undefined && !sending.value) void submit()
        }}
      >
        {hook === undefined ? <Trail end={title} /> : <Trail hook={hook} end={what === 'edit' ? 'Edit' : 'Clone'} />}
        <h1 tabIndex={-1}>{title}</h1>
        {what === 'edit' && hook?.managedBy !== undefined && (
          <p class="strip warn">
            Managed by {hook.managedBy}: it will undo changes made here. Copy the YAML to Git instead.
          </p>
        )}
        {start.hadSecret === true && (
          <p class="strip">
            Two hooks can't share a Secret for their URL: choose a new one under “Its URL”, or leave it out.
          </p>
        )}
        {!sending.value && isChangedByOthers(draft) && (
          <div class="strip warn" role="alert">
            <p>
              Someone else changed this hook since you opened the form, so you can't save it here. Copy your YAML to
              keep what you typed.
            </p>
            <ActionButton class="button" onAct={onAgain}>
              Start again with their change
            </ActionButton>
          </div>
        )}
        {what !== 'edit' && (
          <div class="pair">
            <NameField draft={draft} all={all.value} member="name" label="Name" />
            <NameField
              draft={draft}
              all={all.value}
              member="namespace"
              label="Namespace"
              choices={namespaces.value.names}
            />
          </div>
        )}
        <SpecFields draft={draft} targets={targets} all={all.value} />
        {what !== 'edit' && <Opposite draft={draft} />}
        <div class="line actions">
          <ActionButton type="submit" class="button" why={why}>
            {what === 'edit' ? 'Save' : 'Create'}
          </ActionButton>
          <PageLink class="quiet" to={before}>
            Cancel
          </PageLink>
          {sending.value && <span class="faint">Sending …</span>}
        </div>
      </form>
      <Preview draft={draft} checked={checked.value} targets={targets} />
    </div>
  )
}

interface NameFieldProps {
  readonly draft: Draft
  readonly all: boolean
  readonly member: 'name' | 'namespace'
  readonly label: string
  readonly choices?: readonly string[]
}

const NameField = ({ all, draft, member, ...props }: NameFieldProps) => {
  const text = draft[member]
  const fault = text.value !== '' || all ? draft.wrong.value.get(`metadata.${member}`) : undefined
  return <TextField {...props} id={`field-${member}`} text={text} isTrimmed required={{ fault }} />
}

/**
 * Focuses the first field with an error, or else the API server's message. Opens the sections around
 * the field, because a field in a closed section takes no focus.
 */
const focusFault = (): void =>
  void after(20, () => {
    const fault = document.querySelector<HTMLElement>('[aria-invalid=true], [data-wrong], [data-verdict]')
    for (let around = fault?.parentElement; around; around = around.parentElement)
      if (around instanceof HTMLDetailsElement) around.open = true
    fault?.focus()
  })

const Opposite = ({ draft }: { draft: Draft }) => {
  const opposite = oppositeIn(draft)
  if (opposite === undefined) return null
  const label = `Make the opposite hook too${draft.name.value === '' ? '' : ` (${opposite.name})`}`
  return <CheckField id="field-opposite" label={label} value={draft.opposite} />
}
