import { at, stringAt } from '../../src/api/json.ts'
import { requestKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { isDone, maxRequestBody, maxWhy, requestStatusOf } from '../../src/api/run-request.ts'
import { UsageError, type Command, type ParsedLine } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { durationIfGiven, text } from '../../src/commands/options.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { read } from '../../src/kube/requests.ts'
import { requests } from '../../src/kube/resources.ts'
import { isGood, makeRequest, requestName, requestUntil, saidIn, whoAmI } from '../cluster/ask.ts'
import { clusterOptions, openCluster, type Cluster } from '../cluster/cluster.ts'
import { progressLine } from '../output/progress.ts'
import { printable } from '../output/table.ts'
import { stepText } from './describe.ts'
import { bodyGiven, data, dryRun, output, waitGiven } from '../run-flags.ts'

const why = text({ flag: 'why', value: 'TEXT', means: 'why, for people who look at the request later' })
const key = text({
  flag: 'id',
  value: 'NAME',
  means: 'the idempotency key: requests with the same key run the hook once',
})
const waiting = durationIfGiven(
  { flag: 'wait', means: 'wait until the rollout is complete, for 10m or another time: --wait=5m' },
  '10m',
  '10m',
)

/** How long a request waits for a trigger before the command gives up, in milliseconds. */
const answeredWithinMs = 30_000
const lookEveryMs = 100
const waitEveryMs = 1000

/** Runs a hook by a request in the cluster, without its URL. */
export const run: Command = {
  details:
    'It creates a ReceiverHookRequest, which a trigger runs like a post, and then prints the answer. It needs no URL, no Secret and no connection to the trigger, only the right to create requests and the verb run on the hook (ClusterRole receiver-hooks-run).\nThe exit code is 0 if the hook ran or had nothing to change (with --wait, only once the rollout is complete), 4 if it did not run or the rollout failed, and 124 if the time ran out.',
  arguments: [{ name: 'NAME', means: 'the hook', completes: 'hooks' }],
  options: [dryRun, waiting, why, data, key, output, ...clusterOptions],
  examples: [
    { line: 'run web-up --dry-run', means: 'what would it do now?' },
    { line: `run web-up --why 'queue is long'`, means: 'run it, and say why' },
    { line: `run web-push --data '{"image": "acme/web:1.4.2"}' --wait`, means: 'roll out, and wait for the pods' },
  ],
  run: async (given, shell) => {
    const withinMs = waitGiven(given, waiting)
    const cluster = await openCluster(given, shell)
    const made = await asked(cluster, given, shell)
    const { name } = made.metadata
    shell.err.write(`${requestKind}/${name}, by ${stringAt(made, 'spec', 'by', 'user') ?? ''}\n`)
    const progress = progressLine(shell)
    const look = { cluster, name, show: progress.show }
    const failIfInterrupted = (): void => {
      if (shell.stop.aborted) throw new CommandFailure(`interrupted: ${name} may still run`, 130)
    }
    const [now, waitMs] = [shell.clock.monotonic(), withinMs ?? 0]
    const answered = await requestUntil(look, shell, lookEveryMs, now + answeredWithinMs, hasState).finally(
      progress.end,
    )
    if (!answered) failIfInterrupted()
    if (!answered) throw new CommandFailure(unanswered(name, cluster.namespace, shell.program), 124)
    if (withinMs === undefined) return isDone(answered) ? printed(answered, given, shell) : printWait(answered, shell)
    const ended = await requestUntil(look, shell, waitEveryMs, now + waitMs, hasEnded).finally(progress.end)
    if (!ended) failIfInterrupted()
    const last = ended ?? (await read(cluster.api, requests, cluster.namespace, name)) ?? answered
    const code = isDone(last) ? printed(last, given, shell) : printWait(last, shell)
    return ended ? code : 124
  },
}

/** Makes the request that the flags describe. */
const asked = async (cluster: Cluster, given: ParsedLine, shell: Shell): Promise<StoredObject> => {
  const body = await bodyGiven(given, shell)
  const reason = given.get(why)
  if ((body ?? '').length > maxRequestBody) throw new UsageError(`the body is longer than ${maxRequestBody} characters`)
  if ((reason ?? '').length > maxWhy) throw new UsageError(`--why is longer than ${maxWhy} characters`)
  const hook = given.arguments[0] ?? ''
  const ask = { hook, key: given.get(key), dryRun: given.get(dryRun) || undefined, body, why: reason } as const
  return await makeRequest(cluster, requestName(hook, shell.random), ask, await whoAmI(cluster.api))
}

/** Returns whether a trigger has looked at a request: it has its answer, or waits for approval. */
const hasState = (request: StoredObject): boolean => requestStatusOf(request) !== undefined

/** Returns the exit code of a request that waits for approval, and writes what it waits for. */
const printWait = (request: StoredObject, { err, program }: Shell): number => {
  const { effect, state } = requestStatusOf(request) ?? {}
  const { name, namespace = '' } = request.metadata
  const what = state === 'Queued' ? 'an earlier request to the hook is decided' : 'someone approves it'
  const would = effect === undefined ? '' : `${printable(effect.text)}. `
  err.write(`${would}It waits until ${what}: ${program} approve ${name} -n ${namespace}\n`)
  return 4
}

/** Returns whether what a request began is at its end, as far as that is known. */
const hasEnded = (request: StoredObject): boolean => {
  if (!isDone(request)) return false
  const answer = at(request, 'status', 'answer')
  const state = stringAt(answer, 'state')
  return state === undefined ? stringAt(answer, 'outcome') !== 'applied' : state !== 'progressing'
}

const unanswered = (name: string, namespace: string, program: string): string =>
  `no trigger answered within ${answeredWithinMs / 1000} s. The request runs within five minutes, or not at all. Check with ${program} doctor whether triggers run requests, and see the outcome with kubectl -n ${namespace} get rhreq ${name} -o wide`

/** Writes the answer of a request. Returns the exit code. */
const printed = (request: StoredObject, given: ParsedLine, { err, out }: Shell): number => {
  const answer = at(request, 'status', 'answer')
  const [state, outcome] = ['state', 'outcome'].map(member => stringAt(answer, member))
  const good = isGood(request)
  if (given.get(output) === 'json') out.write(`${JSON.stringify(request, undefined, 4)}\n`)
  else {
    const [from, to] = ['from', 'to'].map(member => at(answer, member))
    const step = typeof from === 'number' && typeof to === 'number' && from !== to ? stepText(from, to) : undefined
    // Without --wait, it is of no interest that it is not at its end yet.
    const isOpen = state === 'progressing' && given.get(waiting) === undefined
    const said = [outcome, stringAt(answer, 'reason'), step, isOpen ? undefined : state].filter(Boolean).join(' ')
    const text = isOpen ? stringAt(answer, 'message') : saidIn(answer)
    ;(good ? out : err).write(`${printable(`${said}: ${text ?? ''}`)}\n`)
  }
  return good ? 0 : 4
}
