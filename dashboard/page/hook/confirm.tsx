import { useSignal } from '@preact/signals'
import { at, stringAt } from '../../../src/api/json.ts'
import { hasNamedURL } from '../../../src/api/named.ts'
import type { HookDetail, ListedHook } from '../../protocol.ts'
import { useAnswer } from '../answered.ts'
import { askServer } from '../ask.ts'
import { bulkChanges, changeMany, confirming, pathOf, seenOf, type BulkChange } from '../changes.ts'
import { moment } from '../clock.ts'
import { chooseAll } from '../list/shown.ts'
import { say } from '../parts/notice.tsx'
import { goto, here, listHref } from '../route.ts'
import { dayMs, momentText } from '../words/time.ts'
import { kubectlMany, kubectlRotate } from '../words/kubectl.ts'
import { deletedText, deletionText, laterOverlapText, rotatedText } from '../words/hooks.ts'
import { AskDialog } from '../parts/dialog.tsx'
import { Select, TextField } from '../parts/text-field.tsx'
import type { RunText } from './run-hook.ts'
import { RunDialog } from './run.tsx'

/** The dialog in which the user confirms a change of a hook or of several, or posts to a hook. */
export const Confirm = () => {
  const asked = confirming.value
  if (asked === undefined) return null
  switch (asked.what) {
    case 'rotate':
      return <ConfirmRotate row={asked.row} />
    case 'dry run':
    case 'run': {
      const dryRun = asked.what === 'dry run'
      const end = (texts: readonly RunText[]): void => {
        close()
        if (!dryRun && texts.length > 0) say(`${asked.row.name}: ${texts.map(({ text }) => text).join(' ')}`)
      }
      return <RunDialog dryRun={dryRun} row={asked.row} onClose={end} />
    }
    case 'many':
      return <ConfirmMany change={asked.change} rows={asked.rows} />
  }
}

const close = (): void => void (confirming.value = undefined)

const deliveriesToday = ({ recent }: ListedHook): string => {
  const day = momentText(moment.value - dayMs)
  const today = recent.filter(({ time }) => time > day).length
  if (today === 0) return 'It had no deliveries in the last day.'
  const least = today === recent.length && today === 10 ? 'at least ' : ''
  return `It had ${least}${today} ${today === 1 ? 'delivery' : 'deliveries'} in the last day.`
}

const titleOf = (change: BulkChange, of: string): string =>
  change === 'end' ? `End all leases of ${of}?` : `${bulkChanges[change].title} ${of}?`

const ConfirmMany = ({ change, rows }: { change: BulkChange; rows: readonly ListedHook[] }) => {
  const typed = useSignal('')
  const { means, title } = bulkChanges[change]
  const [first] = rows
  const one = rows.length === 1 ? first : undefined
  const proof = one?.name ?? `${rows.length}`
  const act = async (): Promise<string> => {
    if (change === 'delete' && typed.value !== proof) return `Type ${proof} to delete ${one ? 'it' : 'them'}.`
    const faults = await changeMany(change, rows)
    if (faults.length > 0) return faults.join('\n')
    chooseAll(false)
    say(
      one && change === 'delete'
        ? deletedText(one.name, one.url === 'named')
        : `${title}: done for ${one?.name ?? `${rows.length} hooks`}.`,
    )
    if (change === 'delete' && here.value.at === 'hook') goto(listHref())
    return ''
  }
  return (
    <AskDialog
      act={act}
      title={titleOf(change, one?.name ?? `these ${rows.length} hooks`)}
      verb={change === 'end' ? 'End now' : title}
      isDanger={change === 'delete'}
      command={kubectlMany(change, rows)}
      onClose={close}
    >
      <p>{one && change === 'delete' ? `${deletionText(one.url === 'named')} ${deliveriesToday(one)}` : means}</p>
      {one === undefined && (
        <ul class="help some" tabIndex={0} aria-label="The hooks">
          {rows.map(({ does, key }) => (
            <li key={key}>
              <strong>{key}</strong>: {does}
            </li>
          ))}
        </ul>
      )}
      {change === 'delete' && (
        <TextField
          id="confirm-name"
          label={one ? `Type the name, ${proof}` : `Type how many there are, ${proof}`}
          text={typed}
        />
      )}
    </AskDialog>
  )
}

const overlaps = ['5m', '1h', '24h', '0s'] as const

const ConfirmRotate = ({ row }: { row: ListedHook }) => {
  const { body: { spec } = {}, refusal } = useAnswer<HookDetail>(pathOf(row))
  const overlap = useSignal<string | undefined>(undefined)
  // Before that, nobody can say how long the old URL is accepted.
  const why = spec === undefined ? (refusal?.message ?? 'the hook is still being read') : undefined
  const present = stringAt(spec, 'token', 'overlap') ?? '5m'
  const chosen = overlap.value ?? present
  const isNamed = row.url === 'named' || hasNamedURL(spec)
  const rotation = Number(at(spec, 'token', 'rotation') ?? 0) + 1
  // The hook keeps an overlap that is sent. So the one that it has is not sent.
  const sent = isNamed || chosen === present ? undefined : chosen
  const later = laterOverlapText(chosen, present)
  const command = kubectlRotate(row.namespace, row.name, rotation, sent)
  const act = async (): Promise<string> => {
    const answer = await askServer('POST', `${pathOf(row)}/rotate`, { ...seenOf(row), overlap: sent })
    if (!answer.ok) return answer.refusal.message
    say(rotatedText(row.name, isNamed ? undefined : chosen), command)
    return ''
  }
  return (
    <AskDialog
      title={isNamed ? `End the old URLs of ${row.name}?` : `Give ${row.name} a new URL?`}
      verb={isNamed ? 'End them' : 'Rotate'}
      {...{ act, command, why, onClose: close }}
    >
      <p>
        {isNamed
          ? "This hook's URL contains its name, and stays the same. Only older tokens stop working. To lock a sender out, change the Secret with its proof."
          : `Senders need the new URL before the old one ends. ${row.url === 'secret' ? 'It goes into the Secret by itself.' : ''}`}
      </p>
      {refusal !== undefined && <p class="fault">{refusal.message}</p>}
      {!isNamed && (
        <div class="field">
          <label for="rotate-overlap">How long the old URL works</label>
          <Select
            id="rotate-overlap"
            class="short"
            value={chosen}
            onChoice={choice => (overlap.value = choice)}
            options={[...new Set([present, ...overlaps])].map(choice => [
              choice,
              choice === '0s' ? 'not at all: it has leaked' : choice,
            ])}
          />
          {later !== undefined && <p class="faint">{later}</p>}
        </div>
      )}
    </AskDialog>
  )
}
