import { authOf } from '../../src/api/auth.ts'
import type { ReceiverHook } from '../../src/api/hook.ts'
import { isObject, stringAt, tryParseJson } from '../../src/api/json.ts'
import { isReason, reasons } from '../../src/api/reasons.ts'
import { rfc3339 } from '../../src/environment/time.ts'
import { shellWord } from '../snippets/shell-word.ts'
import type { HookURL } from '../cluster/hook-url.ts'
import { awaitOutcome, stepMs, type Waited } from '../await-outcome.ts'
import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import { clusterFlags } from '../cluster/same-cluster.ts'
import { urlOfHook } from '../cluster/url.ts'
import { UsageError, type Command, type ParsedLine } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { durationIfGiven, publicURL, text } from '../../src/commands/options.ts'
import { progressLine } from '../output/progress.ts'
import { printable } from '../output/table.ts'
import { post, type Posted } from '../post.ts'
import { proofFor } from '../cluster/proof.ts'
import { bodyGiven, data, dryRun, output, waitGiven } from '../run-flags.ts'
import { pushedFor, sampleBodies, type Pushed } from '../samples.ts'
import type { Shell } from '../../src/commands/shell.ts'

const sender = {
  ...text({
    flag: 'sender',
    value: 'NAME',
    means: `post a sample of what this sender posts: ${Object.keys(sampleBodies).join(', ')}`,
  }),
  choices: Object.keys(sampleBodies),
}
const delivery = text({
  flag: 'id',
  value: 'NAME',
  means: 'the idempotency key: a second post with this key does nothing more',
})
const why = text({
  flag: 'reason',
  value: 'TEXT',
  means: 'a reason for people to read, shown next to what the post leases',
})
const base = publicURL({ means: "where to reach the endpoint from here (default: the hook's own URL)" })
const waiting = durationIfGiven(
  {
    flag: 'wait',
    means: 'wait until the rollout is complete, for 15m or another time: --wait=5m',
  },
  '15m',
  '12h',
)

/** Posts to a hook as a sender does. */
export const trigger: Command = {
  details:
    'If the hook has auth, the credential is read from its Secret. Any answer but 2xx gives exit code 4.\nWith --wait, the post gets an idempotency key and is sent again every 5 s, which only asks for the outcome. The exit code is 0 if the rollout is complete, if a later one took its place, or if there is nothing to wait for; 4 if the rollout stalled, someone replaced it, or the hook did nothing; 124 if the time ran out.',
  arguments: [{ name: 'NAME', means: 'the hook', completes: 'hooks' }],
  options: [dryRun, waiting, data, sender, delivery, why, base, output, ...clusterOptions],
  examples: [
    { line: 'trigger web-up --dry-run', means: 'what would a post do now?' },
    { line: 'trigger web-up --sender alertmanager', means: 'as if an alert fired' },
    { line: `trigger web-push --data '{"image": "acme/web:1.4.2"}' --wait`, means: 'roll out, and wait for the pods' },
    { line: 'trigger web-up --data @body.json --id release-2026.1', means: 'a body of your own, once' },
  ],
  run: async (given, shell) => {
    const withinMs = waitGiven(given, waiting)
    const makeBody = await bodyOf(given, shell)
    const cluster = await openCluster(given, shell)
    const hook = await readHook(cluster, given.arguments[0] ?? '')
    const body = makeBody(pushedFor(hook.spec['redeploy']))
    const { path, ...published } = await urlOfHook(cluster, hook)
    const at = reachedAt(published.base, hook, given.get(base))
    const id = given.get(delivery) ?? (withinMs === undefined ? undefined : newKey(shell.random))
    const proofID = id ?? newId(shell.random)
    const prove = () => proofFor(cluster, hook, { body: body.text, now: shell.clock.now(), id: proofID })
    // Makes the first post's proof before anything is posted. If the hook has `auth`, this reads
    // the hook's Secret and may fail.
    let proof: Awaited<ReturnType<typeof prove>> | undefined = await prove()
    const send = async (query: Readonly<Record<string, string>>, waitMs = 0): Promise<Posted> => {
      const headers = {
        ...(body.text === '' ? {} : { 'content-type': 'application/json' }),
        ...body.headers,
        ...(proof ?? (await prove())),
        ...(id === undefined ? {} : { 'idempotency-key': JSON.stringify(id) }),
      }
      proof = undefined
      const reason = given.get(why)
      const asks = new URLSearchParams({ ...query, ...(reason !== undefined && { reason }) }).toString()
      return await post(`${at}${path}${asks === '' ? '' : `?${asks}`}`, headers, body.text, shell.env, {
        waitMs,
        signal: shell.stop,
      })
    }
    // Always prints the address. The post may carry a secret, and the user should see who receives
    // it.
    shell.err.write(`posting to ${at}${withinMs === undefined ? '' : ` with the idempotency key ${id}`}\n`)
    if (withinMs === undefined) {
      const answer = await send(given.get(dryRun) ? { dryRun: 'true' } : {})
      const isGood = answer.status >= 200 && answer.status < 300
      write(answer, isGood, given, shell)
      return isGood ? 0 : 4
    }
    const progress = progressLine(shell)
    // With Standard Webhooks a delivery is identified by its signed id. The trigger returns the
    // outcome to a later post only by idempotency key. So one post waits as long as a post may.
    const maxStepMs = authOf(hook.spec.auth)?.form === 'standardWebhooks' ? maxWaitOfPostMs : stepMs
    const ask = (waitMs: number): Promise<Posted> => send({ wait: `${waitMs}ms` }, waitMs)
    const waited = await awaitOutcome({ ask, maxStepMs, withinMs, show: progress.show }, shell).finally(progress.end)
    return ended(waited, hook, id ?? '', given, shell)
  },
}

/** The longest time that a post may ask the trigger to wait for its outcome, in milliseconds. */
const maxWaitOfPostMs = 600_000

/** Writes how a wait ended, and what to do next. Returns the exit code. */
const ended = (waited: Waited, { metadata }: ReceiverHook, id: string, given: ParsedLine, shell: Shell): number => {
  if (waited.ended === 'answered') {
    const { answer } = waited
    const read = tryParseJson(answer.body)
    const state = stringAt(read, 'state')
    const isGood = answer.status === 200 && state !== undefined
    write(answer, isGood, given, shell)
    if (state === 'stored') shell.err.write('there is nothing more to wait for\n')
    const reason = stringAt(read, 'reason') ?? ''
    if (!isGood && answer.status === 200) shell.err.write('the answer has no outcome\n')
    else if (!isGood && isReason(reason)) shell.err.write(`To do: ${reasons[reason].todo}\n`)
    return isGood ? 0 : 4
  }
  const { last } = waited
  if (last) write(last, false, given, shell)
  const over = waited.ended === 'late' ? 'the time to wait has run out' : 'stopped'
  const from = given.get(base)
  const key = `--id ${shellWord(id)}`
  const flags = `${key}${from === undefined ? '' : ` --${base.flag} ${shellWord(from)}`} --wait`
  const again = `${shell.program} trigger ${metadata.name} -n ${metadata.namespace}${clusterFlags(given)} ${flags}`
  const next =
    last?.status === 202
      ? `to keep waiting, which runs nothing:\n  ${again}`
      : `the hook may or may not have run. Send the same body again with ${key}: it counts once`
  shell.err.write(`${over}; ${next}\n`)
  return 124
}

/** Writes an answer: all of it with `-o json`, or else one line for people. */
const write = (answer: Posted, isGood: boolean, given: ParsedLine, shell: Shell): void => {
  const read = tryParseJson(answer.body)
  if (given.get(output) === 'json' && isObject(read)) {
    shell.out.write(`${JSON.stringify({ status: answer.status, ...read }, undefined, 4)}\n`)
    return
  }
  const said = [stringAt(read, 'state') ?? stringAt(read, 'outcome'), stringAt(read, 'reason'), movedIn(read)]
    .filter(Boolean)
    .join(' ')
  const line = `${answer.status}${said === '' ? '' : ` ${said}`}: ${stringAt(read, 'message') ?? answer.body.slice(0, 500)}`
  ;(isGood ? shell.out : shell.err).write(`${printable(line)}\n`)
}

/** Returns how far a count went, if its post has waited. The message of the answer then says only what is available. */
const movedIn = (answer: unknown): string | undefined => {
  if (!isObject(answer) || answer['state'] === undefined) return undefined
  const { from, to } = answer
  return typeof from === 'number' && typeof to === 'number' && from !== to ? `from ${from} to ${to}` : undefined
}

/** Returns a random idempotency key, short enough for a person to type. */
const newKey = (random: Shell['random']): string => Buffer.from(random.bytes(8)).toString('hex')

/**
 * Returns a random ID. It is used for a post without an idempotency key, if the hook requires a
 * signed ID.
 */
const newId = (random: Shell['random']): string => Buffer.from(random.bytes(16)).toString('hex')

interface Body {
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Returns a function that makes the body of the post. The sample of a registry names the image that
 * the hook waits for.
 */
const bodyOf = async (given: ParsedLine, shell: Shell): Promise<(pushed: Pushed) => Body> => {
  const [name, source] = [given.get(sender), given.get(data)]
  if (name !== undefined && source !== undefined) throw new UsageError('use either --data or --sender')
  if (name !== undefined) {
    const sample = Object.hasOwn(sampleBodies, name) ? sampleBodies[name] : undefined
    if (sample === undefined) {
      throw new UsageError(`there is no sample for ${name}, only for ${Object.keys(sampleBodies).join(', ')}`)
    }
    const { clock, random } = shell
    return pushed => {
      const made = sample(rfc3339(clock.now()), Buffer.from(random.bytes(8)).toString('hex'), pushed)
      return { text: JSON.stringify(made.body), headers: made.headers }
    }
  }
  const text = (await bodyGiven(given, shell)) ?? ''
  return () => ({ text, headers: {} })
}

/**
 * Returns the beginning of the URL to post to: `from` (--public-url), or else that of the published
 * URL. Throws if the published one has a host that only the cluster resolves.
 */
const reachedAt = (published: HookURL['base'], { metadata }: ReceiverHook, from: string | undefined): string => {
  if (from !== undefined) return from
  const { hostname } = new URL(published)
  if (!/\.svc(\.|$)/.test(hostname)) return published
  const [service = '', namespace = ''] = hostname.split('.')
  throw new CommandFailure(
    `the URL of ${metadata.name} works only inside the cluster (${hostname}). In another terminal:
  kubectl -n ${namespace} port-forward service/${service} 8080:80
and here add --public-url http://127.0.0.1:8080`,
    3,
  )
}
