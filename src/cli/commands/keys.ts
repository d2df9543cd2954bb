import { stringAt } from '../../api/json.ts'
import type { StoredObject } from '../../api/object.ts'
import { wait } from '../../environment/wait.ts'
import { objectPath } from '../../kube/paths.ts'
import { send } from '../../kube/requests.ts'
import { secrets } from '../../kube/resources.ts'
import { formatSigningKeys, freshSigningKey, parseSigningKeys, type SigningKeys } from '../../token/keys.ts'
import { keySetEntry, signingKeysSecret } from '../../token/published.ts'
import { accessOptions, openCluster, type Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { kidsIn, readPublicKeys, systemNamespaceFlag, systemNamespaceOption } from '../cluster/system.ts'
import { UsageError, type Command, type ParsedLine } from '../command.ts'
import { CommandFailure } from '../failure.ts'
import { duration } from '../options.ts'
import type { Shell } from '../shell.ts'

const settle = duration(
  {
    flag: 'settle',
    means: 'how long a new key is published before it signs, so that every trigger knows it (default: 5s)',
  },
  '5s',
)
const timeout = duration({ flag: 'timeout', means: 'how long to wait for the controller (default: 60s)' }, '60s')

const actions = ['list', 'rotate', 'drop'] as const

/** Lists, rotates and drops the keys that sign URLs. */
export const keys: Command = {
  terms: [
    { term: 'list', means: 'the keys, the one that signs first' },
    {
      term: 'rotate',
      means:
        'makes a new key, publishes it, and lets it sign: every hook gets a new URL. The former keys stay, and with them every former URL works until drop',
    },
    { term: 'drop', means: 'removes a former key: the URLs that it signed are answered 404 from then on' },
  ],
  details: `rotate and drop change the Secret ${signingKeysSecret}: they need the rights to read and to update it.`,
  arguments: [
    { name: 'ACTION', means: 'list, rotate or drop', choices: actions },
    {
      name: 'KID',
      means: 'for drop: the key, or enough of its beginning',
      optional: true,
      completes: 'former keys',
    },
  ],
  options: [systemNamespaceOption, settle, timeout, ...accessOptions],
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
        throw new UsageError(`keys takes ${actions.join(', ')}, and not ${action}`)
    }
  },
}

const list = async (cluster: Cluster, { out }: Shell): Promise<number> => {
  const { jwks } = await readPublicKeys(cluster, cluster.namespace)
  for (const [index, kid] of kidsIn(jwks).entries()) out.write(`${kid}   ${index === 0 ? 'signs' : 'verifies only'}\n`)
  return 0
}

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
  await send(api, {
    method: 'PATCH',
    path: objectPath(secrets, namespace, signingKeysSecret),
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({
      metadata: { resourceVersion: metadata.resourceVersion },
      data: { [keySetEntry]: Buffer.from(formatSigningKeys(set)).toString('base64') },
    }),
    timeoutMs: interactiveTimeoutMs,
  })
}

const rotate = async (cluster: Cluster, given: ParsedLine, shell: Shell): Promise<number> => {
  const { secret, set } = await readSet(cluster)
  const fresh = freshSigningKey(shell.random)
  const [first, ...others] = set
  await writeSet(cluster, secret, [first, ...others, fresh])
  await published(cluster, given, shell, kids => kids.includes(fresh.kid))
  await wait(shell.clock, given.get(settle), shell.stop)
  const now = await readSet(cluster)
  await writeSet(cluster, now.secret, [fresh, ...now.set.filter(({ kid }) => kid !== fresh.kid)])
  await published(cluster, given, shell, kids => kids[0] === fresh.kid)
  shell.out.write(`${fresh.kid}   signs\n`)
  const program = `${shell.program} keys drop${systemNamespaceFlag(cluster.namespace)}`
  const drops = [first, ...others].map(({ kid }) => `  ${program} ${kid.startsWith('-') ? `-- ${kid}` : kid}\n`)
  shell.err.write(`every hook is given a new URL now; a former URL works until its key is dropped:\n${drops.join('')}`)
  return 0
}

const drop = async (cluster: Cluster, word: string, given: ParsedLine, shell: Shell): Promise<number> => {
  const { secret, set } = await readSet(cluster)
  const [signing, ...others] = set
  const [found, ...more] = others.filter(({ kid }) => kid.startsWith(word))
  if (signing.kid.startsWith(word)) {
    throw new CommandFailure(`${signing.kid} signs: rotate first, and drop it when every sender has the new URLs`, 1)
  }
  if (found === undefined || more.length > 0) {
    throw new CommandFailure(
      `${word} names ${found === undefined ? 'no key' : 'several keys'}: keys list shows them`,
      1,
    )
  }
  await writeSet(cluster, secret, [signing, ...others.filter(({ kid }) => kid !== found.kid)])
  await published(cluster, given, shell, kids => !kids.includes(found.kid))
  shell.out.write(`${found.kid}   dropped\n`)
  return 0
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
  throw new CommandFailure('no controller has published the keys: is one running? doctor says', 124)
}
