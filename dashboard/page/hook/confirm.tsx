import { useSignal } from '@preact/signals'
import { at, stringAt } from '../../../src/api/json.ts'
import { hasNamedURL } from '../../../src/api/named.ts'
import type { HookDetail, ListedHook } from '../../protocol.ts'
import { bodyOf, refusalIn, useAnswer } from '../answered.ts'
import { bulkChanges, changeMany, confirming, pathOf, rotate, type BulkChange } from '../changes.ts'
import { moment } from '../clock.ts'
import { chooseAll } from '../list/chosen.ts'
import { say } from '../notices.ts'
import { goto, here, listHref } from '../route.ts'
import { dayMs, momentText } from '../words/time.ts'
import { kubectlMany, kubectlRotate } from '../words/kubectl.ts'
import { deletedText, deletionText, laterOverlapText, rotatedText } from '../words/url.ts'
import { ActionButton } from '../parts/act.tsx'
import { CommandLine } from '../parts/notice.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { RunDialog } from './run.tsx'
import { ScriptForm, TextField } from '../parts/text-field.tsx'

/** The dialog in which the user confirms a change of a hook or of several, or posts to a hook. */
export const Confirm = () => {
  const asked = confirming.value
  if (asked === undefined) return null
  switch (asked.what) {
    case 'rotate':
      return <ConfirmRotate row={asked.row} />
    case 'dry run':
      return <RunDialog dryRun row={asked.row} onClose={close} />
    case 'run':
      return (
        <RunDialog
          row={asked.row}
          onClose={texts => {
            close()
            if (texts.length > 0) say(`${asked.row.name}: ${texts.map(({ text }) => text).join(' ')}`)
          }}
        />
      )
    case 'many':
      return <ConfirmMany change={asked.change} rows={asked.rows} />
  }
}

const close = (): void => void (confirming.value = undefined)

/** Returns what a change of hooks means. */
const consequenceOf = (change: BulkChange, rows: readonly ListedHook[]): string => {
  const [row] = rows
  switch (change) {
    case 'suspend':
      return 'Deliveries get an answer but are skipped.'
    case 'resume':
      return 'Deliveries run again.'
    case 'end':
      return 'Within seconds, the hook takes back what it changed for a time. It leaves counts alone that someone else has set since. Later posts lease again.'
    case 'delete':
      return row && rows.length === 1
        ? `${deletionText(row.url === 'named')} ${deliveriesToday(row)}`
        : 'Their URLs stop working.'
  }
}

const deliveriesToday = ({ recent }: ListedHook): string => {
  const day = momentText(moment.value - dayMs)
  const today = recent.filter(({ time }) => time > day).length
  if (today === 0) return 'It had no delivery in the last day.'
  const least = today === recent.length && today === 10 ? 'at least ' : ''
  return `It had ${least}${today} ${today === 1 ? 'delivery' : 'deliveries'} in the last day.`
}

const titleOf = (change: BulkChange, of: string): string =>
  change === 'end'
    ? `End what ${of.replace('these', 'the')} ${of.endsWith('hooks') ? 'have' : 'has'} leased?`
    : `${bulkChanges[change].title} ${of}?`

const ConfirmMany = ({ change, rows }: { change: BulkChange; rows: readonly ListedHook[] }) => {
  const typed = useSignal('')
  const faults = useSignal<readonly string[]>([])
  const { title } = bulkChanges[change]
  const [first] = rows
  const one = rows.length === 1 ? first : undefined
  const proof = one?.name ?? `${rows.length}`
  const submit = async (): Promise<void> => {
    if (change === 'delete' && typed.value !== proof) {
      return void (faults.value = [`Type ${proof} to delete ${one ? 'it' : 'them'}.`])
    }
    faults.value = await changeMany(change, rows)
    if (faults.value.length > 0) return
    close()
    chooseAll(false)
    say(
      one && change === 'delete'
        ? deletedText(one.name, one.url === 'named')
        : `${title}: done for ${one?.name ?? `${rows.length} hooks`}.`,
    )
    if (change === 'delete' && here.value.at === 'hook') goto(listHref())
  }
  return (
    <Dialog title={titleOf(change, one?.name ?? `these ${rows.length} hooks`)} onClose={close}>
      <p>{consequenceOf(change, rows)}</p>
      {one === undefined && (
        <ul class="help some" tabIndex={0} aria-label="The hooks">
          {rows.map(({ does, key }) => (
            <li key={key}>
              <strong>{key}</strong>: {does}
            </li>
          ))}
        </ul>
      )}
      <ScriptForm submit={submit}>
        {change === 'delete' && (
          <TextField
            id="confirm-name"
            label={one ? `Type the name, ${proof}` : `Type how many there are, ${proof}`}
            text={typed}
          />
        )}
        <div class="fault" role="alert">
          {faults.value.map(fault => (
            <p key={fault}>{fault}</p>
          ))}
        </div>
        <div class="line">
          <button type="submit" class={change === 'delete' ? 'button danger' : 'button'}>
            {change === 'end' ? 'End now' : title}
          </button>
          <ActionButton onAct={close}>Cancel</ActionButton>
        </div>
      </ScriptForm>
      <CommandLine label="The kubectl lines that do the same" text={kubectlMany(change, rows)} />
    </Dialog>
  )
}

const overlaps = ['5m', '1h', '24h', '0s'] as const

const ConfirmRotate = ({ row }: { row: ListedHook }) => {
  const read = useAnswer<HookDetail>(pathOf(row))
  const overlap = useSignal<string | undefined>(undefined)
  const fault = useSignal<string | undefined>(undefined)
  const spec = bodyOf(read)?.spec
  const refusal = refusalIn(read)
  // Before that, nobody can say how long the old URL is accepted.
  const why = spec === undefined ? (refusal ?? 'the hook is still being read') : undefined
  const present = stringAt(spec, 'token', 'overlap') ?? '5m'
  const chosen = overlap.value ?? present
  const isNamed = row.url === 'named' || hasNamedURL(spec)
  const rotation = Number(at(spec, 'token', 'rotation') ?? 0) + 1
  // The hook keeps an overlap that is sent. So the one that it has is not sent.
  const sent = isNamed || chosen === present ? undefined : chosen
  const later = laterOverlapText(chosen, present)
  const command = kubectlRotate(row.namespace, row.name, rotation, sent)
  const submit = async (): Promise<void> => {
    fault.value = await rotate(row, sent, rotatedText(row.name, isNamed ? undefined : chosen), command)
    if (fault.value === undefined) close()
  }
  return (
    <Dialog title={isNamed ? `End the former URLs of ${row.name}?` : `Give ${row.name} a new URL?`} onClose={close}>
      <p>
        {isNamed
          ? "This hook's URL has its name, and stays. Only older tokens end. To lock a sender out, change the Secret of what a post must prove."
          : `Senders need the new URL before the old one ends. ${row.url === 'secret' ? 'It goes into the Secret by itself.' : ''}`}
      </p>
      <div class="field">
        {!isNamed && (
          <>
            <label for="rotate-overlap">How long the old URL works</label>
            <select
              id="rotate-overlap"
              class="short"
              value={chosen}
              onChange={event => (overlap.value = event.currentTarget.value)}
            >
              {[...new Set([present, ...overlaps])].map(choice => (
                <option key={choice} value={choice}>
                  {choice === '0s' ? 'not at all: it has leaked' : choice}
                </option>
              ))}
            </select>
            {later !== undefined && <p class="faint">{later}</p>}
          </>
        )}
        <p class="fault" role="alert">
          {fault.value ?? refusal}
        </p>
      </div>
      <div class="line">
        <ActionButton class="button" why={why} onAct={() => void submit()}>
          {isNamed ? 'End them' : 'Rotate'}
        </ActionButton>
        <ActionButton onAct={close}>Cancel</ActionButton>
      </div>
      <CommandLine text={command} />
    </Dialog>
  )
}
