import { useSignal, type Signal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { shellWord } from '../../../cli/snippets/shell-word.ts'
import type { ListedHook, WaitingRequest, WaitingRequests } from '../../protocol.ts'
import { useAnswer } from '../answered.ts'
import { askServer } from '../ask.ts'
import { pathOf } from '../changes.ts'
import { say } from '../parts/notice.tsx'
import { ActionButton } from '../parts/act.tsx'
import { useFocusNear } from '../list/focus.ts'
import { AskDialog } from '../parts/dialog.tsx'
import { Ago, When } from '../parts/status.tsx'
import { TextField } from '../parts/text-field.tsx'
import { me } from '../session.ts'
import { kubectlMany } from '../words/kubectl.ts'
import { sentence } from '../words/sentence.ts'

const verbs = { Approved: 'Approve', Denied: 'Deny' } as const

interface Deciding {
  readonly is: keyof typeof verbs
  readonly request: WaitingRequest
}

const keyOf = ({ digest, uid }: WaitingRequest): string => `${uid} ${digest}`

const askedBy = ({ by, why }: WaitingRequest): string => `asked by ${by}${why === undefined ? '' : `: “${why}”`}`

/** The requests that wait until somebody approves what the hook would do. They are read again at each `moment`. */
export const WaitingForApproval = ({ moment, row }: { row: ListedHook; moment: number }) => {
  const decided = useSignal('')
  const deciding = useSignal<Deciding | undefined>(undefined)
  const { body, refusal } = useAnswer<WaitingRequests>(`${pathOf(row)}/waiting`, `${moment} ${decided.value}`)
  // What was decided here goes at once. Another effect of the same request waits again.
  const waiting = body?.requests.filter(request => keyOf(request) !== decided.value) ?? []
  const heading = useRef<HTMLHeadingElement>(null)
  // Somebody else may decide about the request whose button has the focus.
  useFocusNear(heading)
  const mayNot = 'you may not decide: that takes the verb approve on the hook'
  const fault = refusal?.message ?? (body?.mayDecide === false ? mayNot : undefined)
  if (waiting.length === 0 && !deciding.value && refusal === undefined) return null
  const button = (of: Deciding, why?: string) => (
    <ActionButton why={why} onAct={() => (deciding.value = of)}>
      {verbs[of.is]} …
    </ActionButton>
  )
  return (
    <section class="card" aria-label="Waiting for approval">
      <h2 ref={heading} tabIndex={-1}>
        Waiting for approval
      </h2>
      <ol class="deliveries">
        {waiting.map(request => (
          <li key={request.uid}>
            <span class="when">
              <Ago time={request.at} />
            </span>
            <strong>{request.effect ?? 'Waits for an earlier request'}</strong>
            <span class="faint">
              {askedBy(request)}
              {request.until && <>, until {<When time={request.until} />}</>}
            </span>
            {fault === undefined && request.digest !== undefined && (
              <span class="line">
                {button(
                  { is: 'Approved', request },
                  request.by === me.value?.user ? 'you have asked for it' : undefined,
                )}
                {button({ is: 'Denied', request })}
              </span>
            )}
          </li>
        ))}
      </ol>
      {fault !== undefined && <p class="faint">{sentence(fault)}</p>}
      {deciding.value && (
        <Decide {...deciding.value} row={row} decided={decided} onClose={() => (deciding.value = undefined)} />
      )}
    </section>
  )
}

type DecideProps = Deciding & { row: ListedHook; decided: Signal<string>; onClose: () => void }

/** Asks for a reason, and writes the decision about the effect that it shows. */
const Decide = ({ decided, is, onClose, request, row }: DecideProps) => {
  const why = useSignal('')
  const { digest: effect, name, uid } = request
  const reason = why.value.trim() && ` --why ${shellWord(why.value.trim())}`
  const flags = is === 'Approved' ? ` --yes --effect ${effect}${reason}` : reason
  const act = async (): Promise<string> => {
    const decision = { is, uid, effect, why: why.value }
    const answer = await askServer('POST', `/api/requests/${row.namespace}/${name}/decision`, decision)
    if (!answer.ok) return answer.refusal.message
    decided.value = keyOf(request)
    say(`${name} was ${is.toLowerCase()}.`)
    return ''
  }
  const command = kubectlMany(verbs[is].toLowerCase(), [{ name, namespace: row.namespace }], flags)
  return (
    <AskDialog {...{ act, command, onClose }} title={`${verbs[is]} this?`} verb={verbs[is]} isDanger={is === 'Denied'}>
      <p>
        <strong>{request.effect}</strong>, {askedBy(request)}.
      </p>
      <TextField id="decision-why" label="Why, for your colleagues" text={why} />
    </AskDialog>
  )
}
