import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { HookDetail, Seen } from '../../protocol.ts'
import { focusHeading } from '../browser.ts'
import { readInto } from '../hook/detail.ts'
import type { Read } from '../hook/read-again.ts'
import { rowSignal } from '../store.ts'
import type { Draft } from './draft.ts'
import { labelAt } from './labels.ts'
import { merged, theirChanges, valueText, type TheirChange } from './merge.ts'
import { pathText } from './value.ts'

/** Compares the uid as well: a hook that was deleted and made again begins at generation 1. */
const isSeen = (hook: Seen, seen: Seen): boolean => hook.uid === seen.uid && hook.generation === seen.generation

/** Returns whether the edited hook has changed since the user read it. */
export const isChangedByOthers = (draft: Draft): boolean => {
  const row = rowSignal(`${draft.namespace.value}/${draft.name.value}`)?.value
  const seen = draft.seen.value
  return seen !== undefined && row !== undefined && !isSeen(row, seen)
}

/** Shows what somebody else has changed in the edited hook. Typed text is kept. */
export const Conflict = ({ draft }: { draft: Draft }) => {
  const seen = draft.seen.value
  const namespace = draft.namespace.value
  const name = draft.name.value
  const row = rowSignal(`${namespace}/${name}`)?.value
  const isChanged = isChangedByOthers(draft)
  const read = useSignal<Read>(undefined)
  useEffect(() => {
    if (isChanged) void readInto(read, namespace, name)
  }, [row?.uid, row?.generation, isChanged])
  const theirs = read.value !== undefined && 'hook' in read.value ? read.value.hook : undefined
  if (!isChanged || seen === undefined || theirs === undefined || isSeen(theirs, seen)) return null
  const changes = theirChanges(draft.base.value, theirs.spec, draft.spec.value)
  return (
    <div class="strip warn" role="alert">
      <p>
        Somebody else changed this hook since you opened the form. Nothing is saved yet, and what you typed is still
        here.
      </p>
      <ul>
        {changes.length === 0 && <li>The fields are the same again.</li>}
        {changes.map(change => (
          <li key={pathText(change.path)}>{changeText(change)}</li>
        ))}
      </ul>
      <div class="line">
        <button type="button" class="button" onClick={() => accept(draft, theirs, true)}>
          {changes.some(change => 'mine' in change) ? 'Go on with both, mine where they differ' : 'Go on with both'}
        </button>
        <button type="button" class="quiet" onClick={() => accept(draft, theirs, false)}>
          Drop mine
        </button>
      </div>
    </div>
  )
}

const changeText = (change: TheirChange): string => {
  const { before, now, path } = change
  const text = `${labelAt(pathText(path))}: ${valueText(before)}, now ${valueText(now)}`
  return 'mine' in change ? `${text}; yours is ${valueText(change.mine)}` : text
}

/**
 * Rebases the draft onto the hook as somebody else has changed it. If `isKept` is true, the typed
 * values stay.
 */
const accept = (draft: Draft, { generation, spec, uid }: HookDetail, isKept: boolean): void => {
  draft.rebase({ uid, generation }, spec, isKept ? merged(draft.base.value, spec, draft.spec.value) : spec)
  // The button that had the focus is gone.
  focusHeading()
}
