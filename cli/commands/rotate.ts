import type { ReceiverHook } from '../../src/api/hook.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import { localTime } from '../output/times.ts'
import { wait } from '../../src/environment/wait.ts'
import { chosenArguments, chosenHooks, chosenOptions, forEachHook } from '../cluster/chosen.ts'
import { openCluster, type Cluster } from '../cluster/cluster.ts'
import { patchSeenHook, readHook } from '../cluster/hooks.ts'
import { urlOfHook } from '../cluster/url.ts'
import type { Command, ParsedLine, Option } from '../../src/commands/command.ts'
import { UsageError } from '../../src/commands/command.ts'
import { explain } from '../explain.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { duration, flag } from '../../src/commands/options.ts'
import { milliseconds } from '../../src/api/duration.ts'
import type { Shell } from '../../src/commands/shell.ts'

const overlap: Option<string | undefined> = {
  flag: 'overlap',
  value: 'TIME',
  means:
    "how long the old URL keeps working, for this rotation only; 0s ends it at once (default: the hook's token.overlap, 5m)",
  read: texts => {
    const text = texts.at(-1)
    if (text !== undefined && milliseconds(text) === undefined) {
      throw new UsageError(`--overlap must be a number and a unit (h, m, s), as in 0s or 5m, not ${text}`)
    }
    return text
  },
}
const show = flag({ flag: 'show', means: 'print the new URL' })
const timeout = duration({ flag: 'timeout', means: 'how long to wait for the new URL (default: 30s)' }, '30s')

/** The pause between two reads of the hook, in milliseconds. */
const lookEveryMs = 200

/** Gives hooks new URLs. Each former URL is accepted until its overlap is over. */
export const rotateCommand: Command = {
  details:
    'To end a leaked URL at once, pass --overlap 0s. If you keep the hook in Git, raise token.rotation there instead: a rotation made here would conflict with Git, or Git would try to lower it and be refused.',
  arguments: chosenArguments,
  options: [overlap, show, timeout, ...chosenOptions],
  examples: [
    { line: 'rotate web-up', means: 'a new URL; the old one keeps working for a while' },
    { line: 'rotate web-up --overlap 0s --show', means: 'the old one stops working at once' },
    { line: 'rotate -l team=shop', means: 'new URLs for the hooks with a label' },
  ],
  showsSecrets: given => given.get(show),
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const found = await chosenHooks(given, cluster, shell)
    return await forEachHook(found, cluster, shell, (hook, there) => rotateOne(hook, there, given, shell))
  },
}

const rotateOne = async (hook: ReceiverHook, cluster: Cluster, given: ParsedLine, shell: Shell): Promise<void> => {
  const rotation = hook.spec.token.rotation + 1
  const isNamed = hasNamedURL(hook.spec)
  const asked = isNamed ? undefined : given.get(overlap)
  const { name } = hook.metadata
  // If two people rotate at the same time, the second one gets a conflict. Otherwise both would set
  // the same rotation, and so get the same URL.
  await patchSeenHook(cluster, hook, { token: { rotation, ...(asked === undefined ? {} : { overlap: asked }) } })
  if (isNamed) {
    shell.err.write(
      `${name} keeps its URL, which contains its name (token.url: named). Its tokens no longer work. To lock a sender out, change the Secret of auth\n`,
    )
    if (given.get(show)) shell.out.write(`${(await urlOfHook(cluster, hook)).url}\n`)
    return
  }
  const minted = await mintedHook(cluster, name, rotation, given, shell).catch((error: unknown) => {
    if (asked !== undefined) sayKept(hook, asked, 'Once its new URL is there, restore', shell)
    throw error
  })
  const until = minted.status?.minted?.previous?.acceptedUntil
  shell.err.write(
    `${name} has a new URL (rotation ${rotation}); the old one ${until === undefined ? 'no longer works' : `works until ${localTime(until)}`}\n`,
  )
  if (given.get(show)) shell.out.write(`${(await urlOfHook(cluster, minted)).url}\n`)
  if (asked !== undefined && minted.spec.token.overlap === asked) await restoreOverlap(hook, minted, cluster, shell)
}

/**
 * Restores a hook's own overlap after a rotation. Otherwise each later rotation and
 * renewal would have that of an emergency. Call it when the new URL is published: until then, the
 * overlap decides about the former URL.
 */
const restoreOverlap = async (
  hook: ReceiverHook,
  minted: ReceiverHook,
  cluster: Cluster,
  shell: Shell,
): Promise<void> => {
  const former = hook.spec.token.overlap
  const asked = minted.spec.token.overlap
  if (former === asked) return
  // An overlap of 0 ends a former URL even after its time was published.
  if (milliseconds(former) === 0) return sayKept(hook, asked, 'Once the old URL has stopped working, restore', shell)
  try {
    await patchSeenHook(cluster, minted, { token: { overlap: former } })
  } catch (error) {
    shell.err.write(`${explain(error, shell).message}\n`)
    sayKept(hook, asked, 'Restore', shell)
  }
}

/** Prints the overlap of one rotation that a hook keeps, and how to restore the former one. */
const sayKept = ({ metadata, spec }: ReceiverHook, asked: string, restore: string, { err, program }: Shell): void => {
  const { name, namespace } = metadata
  const command = `${program} set ${name} -n ${namespace} --token-overlap ${spec.token.overlap}`
  err.write(`${name} keeps the overlap ${asked}. ${restore} the previous one:\n  ${command}\n`)
}

const mintedHook = async (
  cluster: Cluster,
  name: string,
  rotation: number,
  given: ParsedLine,
  { clock, program, stop }: Shell,
): Promise<ReceiverHook> => {
  const end = clock.monotonic() + given.get(timeout)
  for (;;) {
    const hook = await readHook(cluster, name)
    if ((hook.status?.minted?.rotation ?? -1) >= rotation) return hook
    if (clock.monotonic() > end || stop.aborted) break
    await wait(clock, lookEveryMs, stop)
  }
  throw new CommandFailure(
    `${name} asks for rotation ${rotation}, but no controller has made its URL yet: ${stop.aborted ? 'the command was interrupted' : `${program} doctor says why`}`,
    stop.aborted ? 130 : 124,
  )
}
