import { readFileSync } from 'node:fs'
import type { ReceiverHook } from '../../api/hook.ts'
import { isObject, stringAt, tryParseJson } from '../../api/json.ts'
import { rfc3339 } from '../../environment/time.ts'
import type { HookURL } from '../../token/hook-url.ts'
import { triggerPath } from '../../token/published.ts'
import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { readHook } from '../cluster/hooks.ts'
import { urlOfHook } from '../cluster/url.ts'
import { UsageError, type Command, type ParsedLine } from '../command.ts'
import { CommandFailure } from '../failure.ts'
import { choice, flag, publicURL, text } from '../options.ts'
import { printable } from '../output/table.ts'
import { post } from '../post.ts'
import { proofFor } from '../cluster/proof.ts'
import { pushedFor, sampleBodies, type Pushed } from '../samples.ts'
import type { Shell } from '../shell.ts'

const dryRun = flag({ flag: 'dry-run', means: 'compute what a post would do, and change nothing' })
const data = text({
  flag: 'data',
  short: 'd',
  value: 'TEXT',
  means: 'the body: a text, @FILE, or - for the input',
  completes: 'files',
})
const sender = {
  ...text({
    flag: 'sender',
    value: 'NAME',
    means: `a sample of this sender's: ${Object.keys(sampleBodies).join(', ')}`,
  }),
  choices: Object.keys(sampleBodies),
}
const delivery = text({
  flag: 'id',
  value: 'NAME',
  means: 'the idempotency key: sent again with this key, the post does nothing more',
})
const base = publicURL({ means: "where the endpoint is reached from here (default: the hook's own URL)" })
const output = choice(
  { flag: 'output', short: 'o', value: 'FORMAT', means: 'text, or json: the whole answer' },
  ['text', 'json'],
  'text',
)

/** Posts to a hook like a sender. */
export const trigger: Command = {
  details:
    'What the hook asks for beside its URL (auth) is read from its Secret. An answer other than 2xx ends with exit code 4.',
  arguments: [{ name: 'NAME', means: 'the hook', completes: 'hooks' }],
  options: [dryRun, data, sender, delivery, base, output, ...clusterOptions],
  examples: [
    { line: 'trigger web-up --dry-run', means: 'what would a post do now?' },
    { line: 'trigger web-up --sender alertmanager', means: 'as if an alert fired' },
    { line: 'trigger web-up --data @body.json --id release-2026.1', means: 'a body of your own, once' },
  ],
  run: async (given, shell) => {
    const write = await bodyOf(given, shell)
    const cluster = await openCluster(given, shell)
    const hook = await readHook(cluster, given.arguments[0] ?? '')
    const body = write(pushedFor(hook.spec['redeploy']))
    const { token, ...published } = await urlOfHook(cluster, hook)
    const at = reachedAt(published.base, hook, given.get(base))
    const id = given.get(delivery)
    const headers = {
      ...(body.text === '' ? {} : { 'content-type': 'application/json' }),
      ...body.headers,
      ...(await proofFor(cluster, hook, { body: body.text, now: shell.clock.now(), id: id ?? newId(shell.random) })),
      ...(id === undefined ? {} : { 'idempotency-key': JSON.stringify(id) }),
    }
    const url = `${at}${triggerPath}${token}${given.get(dryRun) ? '?dryRun=true' : ''}`
    // Always printed, because the post may carry a secret.
    shell.err.write(`posting to ${at}\n`)
    const answer = await post(url, headers, body.text, shell.env)
    const read = tryParseJson(answer.body)
    const isGood = answer.status >= 200 && answer.status < 300
    if (given.get(output) === 'json' && isObject(read)) {
      shell.out.write(`${JSON.stringify({ status: answer.status, ...read }, undefined, 4)}\n`)
    } else {
      const said = [stringAt(read, 'outcome'), stringAt(read, 'reason')].filter(Boolean).join(' ')
      const line = `${answer.status}${said === '' ? '' : ` ${said}`}: ${stringAt(read, 'message') ?? answer.body.slice(0, 500)}`
      ;(isGood ? shell.out : shell.err).write(`${printable(line)}\n`)
    }
    return isGood ? 0 : 4
  },
}

/** Returns a random ID for a post without an idempotency key, if the hook requires a signed one. */
const newId = (random: Shell['random']): string => Buffer.from(random.bytes(16)).toString('hex')

interface Body {
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

/** Returns the body of the post. A registry's sample has the image of the hook. */
const bodyOf = async (given: ParsedLine, { clock, input, random }: Shell): Promise<(pushed: Pushed) => Body> => {
  const [name, source] = [given.get(sender), given.get(data)]
  if (name !== undefined && source !== undefined) throw new UsageError('--data and --sender exclude each other')
  if (name !== undefined) {
    const sample = Object.hasOwn(sampleBodies, name) ? sampleBodies[name] : undefined
    if (sample === undefined) {
      throw new UsageError(`there is no sample of ${name}: there is one of ${Object.keys(sampleBodies).join(', ')}`)
    }
    return pushed => {
      const made = sample(rfc3339(clock.now()), Buffer.from(random.bytes(8)).toString('hex'), pushed)
      return { text: JSON.stringify(made.body), headers: made.headers }
    }
  }
  const text =
    source === undefined
      ? ''
      : source === '-'
        ? await input.text()
        : source.startsWith('@')
          ? fileText(source.slice(1))
          : source
  return () => ({ text, headers: {} })
}

export const fileText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new CommandFailure(`${file} cannot be read: is it there?`, 1)
  }
}

/** Returns the URL to post to. A URL of the cluster's internal names does not work from outside. */
const reachedAt = (published: HookURL['base'], { metadata }: ReceiverHook, from: string | undefined): string => {
  if (from !== undefined) return from
  const { hostname } = new URL(published)
  if (!/\.svc(\.|$)/.test(hostname)) return published
  const [service = '', namespace = ''] = hostname.split('.')
  throw new CommandFailure(
    `the URL of ${metadata.name} is reached from inside the cluster alone (${hostname}). In another terminal:
  kubectl -n ${namespace} port-forward service/${service} 8080:80
and here add --public-url http://127.0.0.1:8080`,
    3,
  )
}
