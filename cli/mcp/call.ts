/**
 * A call of an agent. It takes two to run a hook: the first makes a dry run, and its answer has `confirm`, the name of that
 * request. The second makes the request `CONFIRM-run`. So each run was shown, and however often the second call is made, at
 * once, later or by another process, it is the same object and one run.
 */
import { at } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { isReason, reasons } from '../../src/api/reasons.ts'
import { isDone, requestSpecOf } from '../../src/api/run-request.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { isStatus } from '../../src/kube/errors.ts'
import { read } from '../../src/kube/requests.ts'
import { requests } from '../../src/kube/resources.ts'
import { isGood, makeRequest, requestName, requestUntil, whoAmI } from '../cluster/ask.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { HookTool } from './tools.ts'

/** How long a call waits for an answer, in milliseconds. It may wait twice, and clients give up after a minute. */
const answeredWithinMs = 20_000
const lookEveryMs = 100

/** What an agent gets. `isError`: what it asked for has not happened. */
export interface CallAnswer {
  readonly isError: boolean
  readonly content: Readonly<Record<string, unknown>>
}

/** Returns the answer where nothing was done. */
export const refused = (message: string): CallAnswer => ({ isError: true, content: { message } })

/** The arguments of a call, after their check. */
type CallOptions = Readonly<Partial<Record<'confirm' | 'why' | 'image' | 'body', string>>>

interface Calling {
  readonly tool: HookTool
  readonly cluster: Pick<Cluster, 'api' | 'namespace'>
  readonly user: string
  readonly why: string | undefined
  readonly shell: Pick<Shell, 'clock' | 'random' | 'stop'>
}

/** Runs a hook, or says what a run would do. Throws the API server's errors, and a CommandFailure. */
export const callTool = async (tool: HookTool, given: CallOptions, api: Cluster['api'], shell: Calling['shell']) => {
  const { confirm, image, why } = given
  const cluster = { api, namespace: tool.hook.metadata.namespace }
  const calling = { tool, cluster, user: await whoAmI(api), why, shell }
  const body = image === undefined ? given.body : JSON.stringify({ image })
  return confirm === undefined ? asShown(tool, await dryRunOf(calling, body)) : await runAsShown(calling, confirm, body)
}

const dryRunOf = async (calling: Calling, body: string | undefined): Promise<StoredObject> => {
  const { shell, tool, user, why } = calling
  const { generation, name, uid } = tool.hook.metadata
  // The key says which version of the hook it was about. A dry run leaves no row, so nothing else needs it.
  const ask = { hook: name, key: `${uid}.${generation}`, dryRun: true, body, why } as const
  return await answered(calling, await makeRequest(calling.cluster, requestName(name, shell.random), ask, user))
}

/** Waits until a request has a state, also one that is no end, and resolves with the request as it is then. */
const answered = async ({ cluster, shell }: Calling, made: StoredObject): Promise<StoredObject> => {
  const { name } = made.metadata
  const end = shell.clock.monotonic() + answeredWithinMs
  const hasState = (request: StoredObject): boolean => at(request, 'status', 'state') !== undefined
  return (await requestUntil({ cluster, name }, shell, lookEveryMs, end, hasState)) ?? made
}

/** Returns the answer that shows a dry run. It has `confirm` if a run would change something, and may be made. */
const asShown = (tool: HookTool, dryRun: StoredObject): CallAnswer => {
  const { content, isError } = answerOf(tool, dryRun)
  const isRunnable = 'confirm' in tool.arguments && content['outcome'] === 'applied'
  return { isError, content: { ...content, ...(isRunnable && { confirm: dryRun.metadata.name }) } }
}

const runAsShown = async (calling: Calling, confirm: string, body: string | undefined): Promise<CallAnswer> => {
  const { cluster, tool, user, why } = calling
  const { name: hook } = tool.hook.metadata
  const find = (name: string) => read(cluster.api, requests, cluster.namespace, name)
  const shown = await find(confirm)
  const spec = shown && requestSpecOf(shown)
  const isShown = at(shown, 'status', 'answer', 'outcome') === 'applied'
  if (!shown || !isShown || !spec?.dryRun || spec.hook !== hook || spec.by.user !== user) {
    return refused('this tool gave this user no such confirm: call without it')
  }
  if (body !== undefined && body !== spec.body) return refused('confirm runs what was shown: leave image and body out')
  const name = `${confirm}-run`
  let made = await find(name)
  if (!made) {
    const now = await dryRunOf(calling, spec.body)
    if (effectOf(now) !== effectOf(shown)) {
      // A retry may have run it meanwhile, and that changed the world.
      made = await find(name)
      if (!made) return changed(asShown(tool, now))
    }
    const ask = { hook, key: confirm, body: spec.body, why: why ?? spec.why }
    made ??= await makeRequest(cluster, name, ask, user).catch(async (error: unknown) => {
      const others = isStatus(error, 409) ? await find(name) : undefined
      if (!others) throw error
      return others
    })
  }
  const { by, key } = requestSpecOf(made)
  if (key !== confirm || by.user !== user) return refused('someone else used this confirm: call without it')
  return answerOf(tool, await answered(calling, made))
}

const changed = ({ content }: CallAnswer): CallAnswer => ({
  isError: true,
  content: { ...content, reason: 'EffectChanged', message: `Nothing ran. ${String(content['message'])}` },
})

/** Returns what a dry run would do, and of which version of its hook, as a text to compare. */
const effectOf = (dryRun: StoredObject): string =>
  JSON.stringify([
    requestSpecOf(dryRun).key,
    ...['outcome', 'reason', 'from', 'to', 'summary'].map(member => at(dryRun, 'status', 'answer', member)),
  ])

/**
 * Returns what an agent may know of a request. The messages of an answer can quote what others wrote, so the table of
 * reasons speaks in their place. The state is that of the status, also one that this version does not know.
 */
const answerOf = ({ hook: { metadata }, target }: HookTool, request: StoredObject): CallAnswer => {
  const { dryRun } = requestSpecOf(request)
  const word = (...way: readonly string[]): string | undefined => wordOf(at(request, 'status', ...way))
  const [from, to] = ['from', 'to'].map(member => at(request, 'status', 'answer', member))
  const [state = 'Pending', reason = ''] = [word('state'), word('answer', 'reason')]
  const means = isReason(reason) ? reasons[reason].means : ''
  const isStep = typeof from === 'number' && typeof to === 'number' && from !== to
  const said = isStep ? `${target}: from ${from} to ${to}.` : means
  return {
    isError: isDone(request) && !isGood(request),
    content: {
      ...{ hook: `${metadata.namespace}/${metadata.name}`, request: request.metadata.name, dryRun, state },
      ...{ outcome: word('answer', 'outcome'), reason, from, to, rollout: word('answer', 'state') },
      until: word('answer', 'until') ?? word('until'),
      message: isDone(request)
        ? `${dryRun ? 'A run now would end like this: ' : ''}${said}`
        : `${waits[state] ?? `It is ${state}.`} ${dryRun ? 'Call again to ask again.' : again}`,
    },
  }
}

const again = 'To ask how it ended, call again with the same confirm. Another one would ask for a second run.'

/** What a request waits for, by its state. */
const waits: Readonly<Record<string, string>> = {
  Awaiting: 'It waits until someone else who may approve it decides, but no longer than `until`. Nothing has changed.',
  Queued:
    'It waits until an earlier request to this hook is decided, and then until another person approves it. Nothing has changed.',
}

/** Returns a state, a reason or a time. A sentence or a URL is none of them. */
const wordOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Za-z0-9:+-]{1,64}$/.test(value) ? value : undefined
