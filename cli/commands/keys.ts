import { stringAt } from '../../src/api/json.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { wait } from '../../src/environment/wait.ts'
import { objectPath } from '../../src/kube/paths.ts'
import { sendMergePatch, send } from '../../src/kube/requests.ts'
import { secrets } from '../../src/kube/resources.ts'
import { formatSigningKeys, freshSigningKey, parseSigningKeys, type SigningKeys } from '../../src/token/keys.ts'
import { keySetEntry, signingKeysSecret } from '../../src/token/published.ts'
import { accessOptions, openCluster, type Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { readKeyUse, type KeyUse, type SignedHook } from '../cluster/key-use.ts'
import { kidsIn, readPublicKeys, systemNamespaceFlag, systemNamespaceOption } from '../cluster/system.ts'
import { UsageError, type Command, type ParsedLine } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { duration, flag } from '../../src/commands/options.ts'
import { progressLine } from '../output/progress.ts'
import type { Shell } from '../../src/commands/shell.ts'

const settle = duration(
  {
    flag: 'settle',
    means: 'how long a new key is published before it signs, so that every trigger knows it (default: 5s)',
  },
  '5s',
)
const timeout = duration(
  { flag: 'timeout', means: 'how long to wait for the controller each time (default: 60s)' },
  '60s',
)
const yes = flag({
  flag: 'yes',
  short: 'y',
  means: 'for drop: no prompt, even if hooks still have a URL signed with the key',
})

const actions = ['list', 'rotate', 'drop'] as const

/** Lists, rotates and drops the keys that sign URLs. */
export const keys: Command = {
  terms: [
    {
      term: 'list',
      means: 'the keys, the signing one first, and how many hooks have a URL signed by each',
    },
    {
      term: 'rotate',
      means:
        'makes a new key, publishes it, signs with it, and waits until every hook has a new URL. The old keys stay, so every old URL works until you drop its key',
    },
    {
      term: 'drop',
      means:
        "removes an old key: from then on, posts to URLs signed with it get 404. First it lists the hooks that don't keep their URL in a Secret, because those URLs were pasted somewhere",
    },
  ],
  details: `rotate and drop change the Secret ${signingKeysSecret}: they need the rights \`get\` and \`patch\` on it, and \`get\` on the ConfigMap that publishes the keys. They list the hooks in all namespaces if you may list them.`,
  arguments: [
    { name: 'ACTION', means: 'list, rotate or drop', choices: actions },
    {
      name: 'KID',
      means: 'for drop: the key, or enough of its beginning',
      optional: true,
      completes: 'former keys',
    },
  ],
  options: [systemNamespaceOption, settle, timeout, yes, ...accessOptions],
  examples: [
    { line: 'keys list', means: 'which keys there are' },
    { line: 'keys rotate', means: 'the first half, after a key may have leaked or once a year' },
    { line: 'keys drop 0kYqy', means: 'the second half, when every sender has the new URLs' },
  ],
  run: async (given, shell) => {
    const [action = '', kid] = given.arguments
    const cluster = { ...(await openCluster(given, shell)), namespace: given.get(systemNamespaceOption) }
    switch (actions.find(known => known === action)) {
      case 'list':
        return await list(cluster, shell)
      case 'rotate':
        return await rotate(cluster, given, shell)
      case 'drop':
        if (kid === undefined) throw new UsageError('say which key to drop: keys list shows them')
        return await drop(cluster, kid, given, shell)
      case undefined:
        throw new UsageError(`keys takes ${actions.join(', ')}, not ${action}`)
    }
  },
}

const list = async (cluster: Cluster, { out }: Shell): Promise<number> => {
  const { jwks } = await readPublicKeys(cluster, cluster.namespace)
  const use = await readKeyUse(cluster)
  for (const [index, kid] of kidsIn(jwks).entries()) {
    const does = index === 0 ? 'signs' : 'verifies only'
    out.write(use ? `${kid}   ${does.padEnd(13)}   ${hookCount(signedBy(use, kid).length)}\n` : `${kid}   ${does}\n`)
  }
  return 0
}

const hookCount = (count: number): string => `${count} ${count === 1 ? 'hook' : 'hooks'}`

const hooksStillHave = (count: number): string => `${hookCount(count)} still ${count === 1 ? 'has' : 'have'}`

/** Returns the hooks whose URL one of the keys has signed. */
const signedBy = (use: KeyUse, ...kids: readonly string[]): readonly SignedHook[] =>
  kids.flatMap(kid => use.get(kid) ?? [])

interface Stored {
  readonly secret: StoredObject
  readonly set: SigningKeys
}

const readSet = async ({ api, namespace }: Cluster): Promise<Stored> => {
  const path = objectPath(secrets, namespace, signingKeysSecret)
  const secret = await send(api, { method: 'GET', path, timeoutMs: interactiveTimeoutMs })
  const text = Buffer.from(stringAt(secret, 'data', keySetEntry) ?? '', 'base64').toString()
  return { secret, set: parseSigningKeys(text) }
}

/**
 * Stores the key set in the Secret, only if the Secret's version is the one that was read.
 * Otherwise two people who rotate at the same time could undo each other's change.
 */
const writeSet = async ({ api, namespace }: Cluster, { metadata }: StoredObject, set: SigningKeys): Promise<void> => {
  const patch = {
    metadata: { resourceVersion: metadata.resourceVersion },
    data: { [keySetEntry]: Buffer.from(formatSigningKeys(set)).toString('base64') },
  }
  const path = objectPath(secrets, namespace, signingKeysSecret)
  await sendMergePatch(api, path, patch, { timeoutMs: interactiveTimeoutMs })
}

const rotate = async (cluster: Cluster, given: ParsedLine, shell: Shell): Promise<number> => {
  const { secret, set } = await readSet(cluster)
  const fresh = freshSigningKey(shell.random)
  const [first, ...others] = set
  await writeSet(cluster, secret, [first, ...others, fresh])
  await published(cluster, given, shell, kids => kids.includes(fresh.kid))
  await wait(shell.clock, given.get(settle), shell.stop)
  const program = `${shell.program} keys drop${systemNamespaceFlag(cluster.namespace)}`
  if (shell.stop.aborted) {
    const message = `interrupted: the key ${fresh.kid} is published but isn't used for signing. Rotate again later, and remove this key:\n  ${program} ${fresh.kid}`
    throw new CommandFailure(message, 130)
  }
  const now = await readSet(cluster)
  await writeSet(cluster, now.secret, [fresh, ...now.set.filter(({ kid }) => kid !== fresh.kid)])
  await published(cluster, given, shell, kids => kids[0] === fresh.kid)
  shell.out.write(`${fresh.kid}   signs\n`)
  const former = [first, ...others].map(({ kid }) => kid)
  const state = await renewed(cluster, former, given, shell)
  const drops = former.map(kid => `  ${program} ${kid.startsWith('-') ? `-- ${kid}` : kid}\n`)
  shell.err.write(`${state}; an old URL works until its key is dropped:\n${drops.join('')}`)
  return 0
}

/** The shortest pause between two lists of all hooks, in milliseconds. A list of many takes longer, and so does its pause. */
const listEveryMs = 1_000

/**
 * Waits until no hook has a URL of the former keys, and returns what to say of it. Throws if hooks still have one
 * after the timeout.
 */
const renewed = async (
  cluster: Cluster,
  former: readonly string[],
  given: ParsedLine,
  shell: Shell,
): Promise<string> => {
  const { clock, stop } = shell
  const end = clock.monotonic() + given.get(timeout)
  const progress = progressLine(shell)
  try {
    for (;;) {
      const sentAt = clock.monotonic()
      const use = await readKeyUse(cluster)
      if (!use) return 'every hook is getting a new URL'
      const left = signedBy(use, ...former)
      if (left.length === 0) return 'every hook has a new URL'
      if (clock.monotonic() > end || stop.aborted) throw new CommandFailure(notRenewed(left), stop.aborted ? 130 : 124)
      progress.show(`${hooksStillHave(left.length)} an old URL`)
      await wait(clock, Math.max(listEveryMs, 2 * (clock.monotonic() - sentAt)), stop)
    }
  } finally {
    progress.end()
  }
}

const notRenewed = (left: readonly SignedHook[]): string =>
  `the new key signs, but ${hooksStillHave(left.length)} an old URL. Their conditions say why, or no controller is running. Don't drop a key before they have a new URL:\n${namesOf(left)}`

/** How many names are listed at most. More would fill the screen. */
const maxNames = 20

/** Returns the names of hooks, one per line, without a line break at the end. */
const namesOf = (hooks: readonly SignedHook[]): string => {
  const shown = hooks.slice(0, maxNames).map(({ name }) => `  ${name}`)
  return [...shown, ...(hooks.length > maxNames ? [`  and ${hooks.length - maxNames} more`] : [])].join('\n')
}

const drop = async (cluster: Cluster, word: string, given: ParsedLine, shell: Shell): Promise<number> => {
  const { secret, set } = await readSet(cluster)
  const [signing, ...others] = set
  const [found, ...more] = others.filter(({ kid }) => kid.startsWith(word))
  if (signing.kid.startsWith(word)) {
    throw new CommandFailure(`${signing.kid} signs URLs: rotate first, and drop it once senders have the new URLs`, 1)
  }
  if (found === undefined || more.length > 0) {
    throw new CommandFailure(
      `${word} names ${found === undefined ? 'no key' : 'several keys'}: keys list shows them`,
      1,
    )
  }
  const kept: SigningKeys = [signing, ...others.filter(({ kid }) => kid !== found.kid)]
  await confirmDrop(cluster, { dropped: found.kid, kept: kept.map(({ kid }) => kid) }, given, shell)
  await writeSet(cluster, secret, kept)
  await published(cluster, given, shell, kids => !kids.includes(found.kid))
  shell.out.write(`${found.kid}   dropped\n`)
  return 0
}

const pastedCount = (count: number): string =>
  count === 1
    ? "1 hook doesn't keep its URL in a Secret. Its senders need the new URL"
    : `${count} hooks don't keep their URLs in Secrets. Their senders need the new URLs`

/**
 * Names the hooks whose posts may fail without the key, and asks on a terminal. Throws if the key is not to be dropped: after a
 * no, and without a terminal while hooks still have a URL of the key. `kept` are the other keys.
 */
const confirmDrop = async (
  cluster: Cluster,
  { dropped, kept }: { readonly dropped: string; readonly kept: readonly string[] },
  given: ParsedLine,
  shell: Shell,
): Promise<void> => {
  const use = await readKeyUse(cluster)
  const left = use ? signedBy(use, dropped) : []
  const pasted = use ? signedBy(use, ...kept).filter(({ isPasted }) => isPasted) : []
  const write = (text: string): void => shell.err.write(`${text}\n`)
  if (!use) write('you may not list the hooks in all namespaces, so those whose URL was pasted are not shown')
  if (left.length > 0) write(`${hooksStillHave(left.length)} a URL of this key:\n${namesOf(left)}`)
  if (pasted.length > 0) write(`${pastedCount(pasted.length)}, where it was pasted:\n${namesOf(pasted)}`)
  if (given.get(yes)) return
  if (shell.input.isTerminal) {
    shell.err.write('Drop the key? Posts to URLs signed with it then get 404. [y/N] ')
    if (/^y(es)?$/i.test((await shell.input.line()).trim())) return
    throw new CommandFailure('the key was not dropped', 1)
  }
  if (left.length === 0) return
  throw new CommandFailure(`the key was not dropped: wait until every hook has a new URL, or add --${yes.flag}`, 1)
}

/**
 * Waits until `wanted` returns true for the ids of the published keys. Throws if the controller
 * does not publish such keys in time.
 */
const published = async (
  cluster: Cluster,
  given: ParsedLine,
  { clock, stop }: Shell,
  wanted: (kids: readonly string[]) => boolean,
): Promise<void> => {
  const end = clock.monotonic() + given.get(timeout)
  for (;;) {
    if (wanted(kidsIn((await readPublicKeys(cluster, cluster.namespace)).jwks))) return
    if (clock.monotonic() > end || stop.aborted) break
    await wait(clock, 200, stop)
  }
  if (stop.aborted) throw new CommandFailure('interrupted: no controller has published the keys yet', 130)
  throw new CommandFailure('no controller has published the keys: is one running? doctor says', 124)
}
