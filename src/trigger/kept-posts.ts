/**
 * Posts that wait for approval. If a post to a hook with `approval` would change something, it is kept in a
 * ReceiverHookRequest. Once a person has approved that, it runs as the same post.
 *
 * The request of a post with an idempotency key is named by that key, so copies and other replicas find it. A
 * post without one is a request of its own.
 */
import { createHash } from 'node:crypto'
import type { AlertGroup } from '../api/delivery.ts'
import { apiVersion, group as apiGroup, requestKind } from '../api/names.ts'
import type { Ended } from '../api/outcome.ts'
import { reasons } from '../api/reasons.ts'
import { isDone, maxKeptHeader, maxKeptHeaders, maxRequestBody, postSuffix, type KeptPost } from '../api/run-request.ts'
import type { Environment } from '../environment/environment.ts'
import { within } from '../environment/wait.ts'
import { ApiError, isStatus, readFailureOf } from '../kube/errors.ts'
import { listPages } from '../kube/list.ts'
import { create, read } from '../kube/requests.ts'
import { requests } from '../kube/resources.ts'
import { maxAwaiting } from './approvals.ts'
import type { SignedPart } from './auth/signed.ts'
import { withoutSecret } from './auth/shown.ts'
import type { Endpoint } from './answer.ts'
import type { LiveHook } from './hook.ts'
import type { TriggerContext, TriggerRequest } from './request.ts'
import { requestedPostOf, deleteRequest, requestKeptMs, askOutcome, postAsked, writeAnswer } from './requested.ts'

/** The label of a request for a post about alerts: their group. All posts about one group have the same. */
const groupLabel = `${apiGroup}/alerts`

/** How often a request is written: it is made, queued, shown and answered. */
const writesOfRequest = 4

/** How often a post is tried to be kept: its request of before may be done, and is replaced. */
const maxTries = 3

type World = Pick<Environment, 'api' | 'clock' | 'random'>

/** The name of the request as which a post waits, or why it can't wait. */
type Keeping = { readonly request: string } | Extract<Ended, { readonly outcome: 'failed' | 'unavailable' }>

const hashOf = (...parts: readonly (string | number | undefined)[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

const groupOf = ({ uid }: Pick<LiveHook, 'uid'>, { key }: AlertGroup): string => hashOf(uid, key)

/** Keeps a post until its effect is approved. Sending it again is safe if the answer says `unavailable`. */
export const keepPost = async (context: TriggerContext, proof: SignedPart, world: World): Promise<Keeping> => {
  const post = keptOf(context, proof)
  if (!post) return { outcome: 'failed', reason: 'TooLargeToApprove', message: reasons.TooLargeToApprove.means }
  const { clock } = world
  const tried = keep(context, post, world).catch((error: unknown): Keeping => {
    const { failure, message } = readFailureOf(error)
    return failure === 'forbidden'
      ? { outcome: 'failed', reason: 'Forbidden', message }
      : { outcome: 'unavailable', reason: 'ApiUnreachable', message }
  })
  const late = { outcome: 'unavailable', reason: 'ApiUnreachable', message: reasons.ApiUnreachable.means } as const
  return (await within(clock, context.deadline - clock.monotonic(), tried)) ?? late
}

/** The names of headers that may prove something, as proxies and senders write them. */
const provingName = /token|secret|cookie|auth|jwt|assertion|credential|password|api-?key|oidc|signature/

/**
 * Returns a function that finds out whether a header is kept: it proves nothing, it fits the decoded body, and the
 * secret of the URL is not in it. Some proxies write the URL into a header.
 */
const keeper = ({ named, token }: TriggerRequest): ((header: readonly [name: string, value: string]) => boolean) => {
  const inURL = [token ?? '', named?.secret ?? ''].filter(secret => secret !== '')
  const secrets = inURL.flatMap(secret => [secret, encodeURIComponent(secret)])
  return ([name, value]) =>
    name !== 'content-encoding' && !provingName.test(name) && !secrets.some(secret => value.includes(secret))
}

/**
 * Returns what is kept of a post: without the secrets in its head, and as it is once it is decoded. Undefined if it is
 * too large.
 */
const keptOf = (
  { hook: { auth }, message, request }: TriggerContext,
  { id, signed }: SignedPart,
): KeptPost | undefined => {
  const isKept = keeper(request)
  const kept = Object.entries(withoutSecret(request.headers, auth)).filter(isKept)
  const asked = new URLSearchParams([...request.query].filter(([name]) => name !== 'wait' && name !== 'dryRun'))
  const query = new URLSearchParams([...asked].filter(isKept)).toString()
  const fits = message.body.length <= maxRequestBody && kept.length <= maxKeptHeaders && query.length <= maxKeptHeader
  if (!fits || kept.some(([, value]) => value.length > maxKeptHeader)) return undefined
  return { headers: Object.fromEntries(kept), query, body: Buffer.from(message.body).toString('base64'), id, signed }
}

const keep = async (context: TriggerContext, post: KeptPost, { api, random }: World): Promise<Keeping> => {
  const { by = {}, charge, countKept, delivery, hook } = context
  const { group, identity } = delivery
  const { namespace, uid } = hook
  const own = identity
    ? hashOf(uid, identity.key, identity.newsAt)
    : hashOf(Buffer.from(random.bytes(16)).toString('hex'))
  const name = `${hook.name.slice(0, 200).replace(/[.-]+$/, '')}-${own.slice(0, 16)}${postSuffix}`
  const made = {
    apiVersion,
    kind: requestKind,
    metadata: { name, namespace, ...(group && { labels: { [groupLabel]: groupOf(hook, group) } }) },
    spec: { hook: hook.name, by, post },
  }
  const open = { type: requests, isMetadataOnly: true, namespace }
  let others = 0
  for await (const { objects } of listPages(api, {
    ...open,
    fieldSelector: `spec.hook=${hook.name},status.state!=Done`,
  })) {
    if (objects.some(({ metadata }) => metadata.name === name)) return { request: name }
    others += objects.length
    if (others >= maxAwaiting) {
      return { outcome: 'unavailable', reason: 'TooManyAwait', message: reasons.TooManyAwait.means }
    }
  }
  // A flood of posts that are closed at once would fill the storage: their requests stay for a day.
  if (!countKept(requestKeptMs)) {
    return { outcome: 'unavailable', reason: 'WritesLimited', message: reasons.WritesLimited.means }
  }
  charge(writesOfRequest * JSON.stringify(made).length)
  for (let tries = 0; tries < maxTries; tries++) {
    try {
      await create(api, requests, namespace, made)
      return { request: name }
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error
      // Another copy has just made it, or it is done and its outcome no longer counts.
      const before = await read(api, requests, namespace, name)
      if (before && !isDone(before)) return { request: name }
      if (before) await deleteRequest(api, before.metadata)
    }
  }
  return { outcome: 'unavailable', reason: 'Contended', message: reasons.Contended.means }
}

/**
 * Closes the posts about a group of alerts that wait for approval, because the alerts are over. Resolves with
 * whether all are closed: then none of them runs any more.
 */
export const closeResolved = async (
  { clock, ...environment }: Pick<Environment, 'api' | 'clock' | 'log'>,
  endpoint: Endpoint,
  { namespace, uid, ...hook }: Pick<LiveHook, 'name' | 'namespace' | 'uid'>,
  group: AlertGroup,
): Promise<boolean> => {
  const { api, log } = environment
  const labelSelector = `${groupLabel}=${groupOf({ uid }, group)}`
  const open = { type: requests, namespace, labelSelector, fieldSelector: 'status.state!=Done' }
  try {
    for await (const { objects } of listPages(api, open)) {
      for (const request of objects) {
        const asked = requestedPostOf(request, uid, clock.now())
        const closed = await postAsked(endpoint, { ...asked, closes: 'Resolved' })
        const answer = closed?.body.reason === 'Duplicate' ? await askOutcome(endpoint, asked) : closed
        if (!answer || answer.status === 503) return false
        await writeAnswer({ api, clock }, request, answer, answer.body.reason === 'Resolved').catch(
          (error: unknown) => {
            // It is closed in the record. Who looks at it next writes that.
            if (!isStatus(error, 404, 409)) throw error
          },
        )
      }
    }
    return true
  } catch (error) {
    log.warn({ error, namespace, hook: hook.name }, "can't yet close the requests of alerts that have ended")
    return false
  }
}
