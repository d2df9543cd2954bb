import { stringAt } from '../../src/api/json.ts'
import { requestKind } from '../../src/api/names.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { askerInWords } from '../../src/api/by.ts'
import { maxWhy, requestSpecOf, requestStatusOf, type RequestStatus } from '../../src/api/run-request.ts'
import { UsageError, type Command } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { flag, text } from '../../src/commands/options.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { read, send } from '../../src/kube/requests.ts'
import { requests } from '../../src/kube/resources.ts'
import { whoAmI } from '../cluster/ask.ts'
import { clusterOptions, openCluster, type Cluster } from '../cluster/cluster.ts'
import { printable } from '../output/table.ts'

const why = text({ flag: 'why', value: 'TEXT', means: 'why, for people who look at the request later' })
const yes = flag({ flag: 'yes', short: 'y', means: 'approve without a prompt; needs --effect' })
const effect = text({
  flag: 'effect',
  value: 'DIGEST',
  means: 'approve only this effect: a value in the column EFFECT of pending --wide',
})

const name = { name: 'REQUEST', means: 'the request, as pending lists it' }

/** Approves what a request would do. */
export const approve: Command = {
  details:
    "It shows what the request would do now, and asks for confirmation. You need the verb approve on the hook, and can't approve your own requests.",
  arguments: [name],
  options: [yes, effect, why, ...clusterOptions],
  examples: [
    { line: 'approve web-up-3f2a91c0', means: 'see what it would do, and approve that' },
    { line: 'approve web-up-3f2a91c0 --yes --effect x3fQm0', means: 'approve this effect, and no other' },
  ],
  run: async (given, shell) => {
    const [digest, isSure] = [given.get(effect), given.get(yes)]
    if (isSure && digest === undefined) throw new UsageError('--yes needs --effect, to say what you approve')
    if (!isSure && !shell.input.isTerminal) throw new UsageError('without a terminal, use --yes and --effect')
    const cluster = await openCluster(given, shell)
    const { request, shown } = await shownRequest(cluster, given.arguments[0] ?? '')
    const { by, why: askedWhy } = requestSpecOf(request)
    if (digest !== undefined && digest !== shown.digest) {
      throw new CommandFailure(
        `that is not what the request would do now: ${printable(shown.text)} (--effect ${shown.digest})`,
        4,
      )
    }
    if (!isSure) {
      const reason = askedWhy === undefined ? '' : `, because “${askedWhy}”`
      shell.err.write(printable(`${shown.text}, asked by ${askerInWords(by)}${reason}. Approve? [y/N] `))
      const answer = await shell.input.line()
      if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailure('nothing was approved', 1)
    }
    await decide(cluster, request, { is: 'Approved', effect: shown.digest, why: given.get(why) })
    shell.out.write(`${requestKind}/${request.metadata.name} approved: ${printable(shown.text)}\n`)
    return 0
  },
}

/** Denies a request. */
export const deny: Command = {
  details: 'The request is closed and never runs.',
  arguments: [name],
  options: [why, ...clusterOptions],
  examples: [{ line: "deny web-up-3f2a91c0 --why 'not during the sale'", means: 'close it, and say why' }],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const { request, shown } = await shownRequest(cluster, given.arguments[0] ?? '')
    await decide(cluster, request, { is: 'Denied', effect: shown.digest, why: given.get(why) })
    shell.out.write(`${requestKind}/${request.metadata.name} denied\n`)
    return 0
  },
}

interface Shown {
  readonly request: StoredObject
  readonly shown: NonNullable<RequestStatus['effect']>
}

/** Reads a request that waits for its decision. Throws a CommandFailure if there is nothing to decide. */
const shownRequest = async ({ api, namespace }: Cluster, of: string): Promise<Shown> => {
  const request = await read(api, requests, namespace, of)
  if (!request) throw new CommandFailure(`there is no ${requestKind}/${of} in namespace ${namespace}`, 4)
  const { effect: shown, state } = requestStatusOf(request) ?? {}
  if (state === 'Awaiting' && shown) return { request, shown }
  const answer = stringAt(request, 'status', 'answer', 'message')
  const instead = answer === undefined ? '' : `: ${printable(answer)}`
  throw new CommandFailure(
    state === 'Queued'
      ? `${requestKind}/${of} waits until an earlier request to its hook is done`
      : `${requestKind}/${of} is not waiting for a decision${instead}`,
    4,
  )
}

interface Decision {
  readonly is: 'Approved' | 'Denied'
  readonly effect: string
  readonly why: string | undefined
}

const decide = async ({ api, namespace }: Cluster, { metadata }: StoredObject, given: Decision): Promise<void> => {
  if ((given.why ?? '').length > maxWhy) throw new UsageError(`--why is longer than ${maxWhy} characters`)
  // No reason is sent as null: an earlier decision may have had one.
  const decision = { ...given, why: given.why ?? null, by: await whoAmI(api) }
  await send(api, {
    method: 'PATCH',
    path: objectPath(requests, namespace, metadata.name),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { uid: metadata.uid }, spec: { decision } }),
  })
}
