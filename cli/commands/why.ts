import { isReceiverHook, type ReceiverHook } from '../../src/api/hook.ts'
import { readOfAnyKind } from '../../src/kube/requests.ts'
import { hooks } from '../../src/kube/resources.ts'
import { versionOf } from '../../src/steps/target/read.ts'
import { clusterOptions, openCluster, type Cluster } from '../cluster/cluster.ts'
import { listObjects, interactiveTimeoutMs } from '../cluster/hooks.ts'
import type { Command } from '../../src/commands/command.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import { colourOption, paintFor } from '../output/colour.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { accountOf } from '../why/account.ts'
import { authorsAt, authorsOf } from '../why/authors.ts'
import { autoscalersOf } from '../why/autoscalers.ts'
import { explanation, type ExplainedCount } from '../why/explanation.ts'
import { readMemories, saidByRecords, saidByStatuses, type Said } from '../why/said.ts'
import { isAimedAt, subjectNamed, type Subject, type SubjectCount } from '../why/subject.ts'

/** Says why a count is what it is. */
export const why: Command = {
  details: [
    'The base is the count that was last set by anyone but a hook. Hooks add what they have changed for good, and what they have changed for a time or until an alert ends. If an autoscaler sets the count, its minimum is explained too, because hooks change that.',
    'It reads the records of the hooks. Users who may not read receiverhookrecords see what the statuses of the hooks say, which is a little older.',
  ].join('\n'),
  arguments: [{ name: 'KIND/NAME', means: 'the object, such as deployment/web or hpa/web', completes: 'targets' }],
  options: [colourOption, ...clusterOptions],
  examples: [
    { line: 'why deployment/web', means: 'who wants how many of its replicas, and until when' },
    { line: 'why hpa/web', means: 'the same of an autoscaler: its minimum, and its maximum if hooks change that' },
  ],
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const [word = ''] = given.arguments
    const page = { paint: paintFor(given, shell), width: shell.out.columns(), now: shell.clock.now() }
    const found = (await listObjects(cluster, hooks, cluster.namespace)).filter(isReceiverHook)
    const texts: string[] = []
    const words = [word]
    // Each autoscaler of an object is explained after it.
    for (const [index, each] of words.entries()) {
      const { autoscalers, counts } = await explained(each, found, cluster, shell)
      if (index === 0 && autoscalers !== 'unknown') words.push(...autoscalers)
      texts.push(...counts.map(count => explanation(count, page)))
    }
    shell.out.write(texts.join('\n'))
    return 0
  },
}

type Counted = Pick<ExplainedCount, 'autoscalers'> & { readonly counts: readonly ExplainedCount[] }

/** How often a count is read again that was older than what the hooks say. */
const maxReads = 5

/** Returns why the counts of an object are what they are. */
const explained = async (
  word: string,
  found: readonly ReceiverHook[],
  cluster: Cluster,
  shell: Shell,
): Promise<Counted> => {
  const subject = await subjectNamed(word, found, cluster, shell)
  const autoscalers = await autoscalersOf(cluster, subject)
  for (let reads = 1; ; reads++) {
    const counts = await seenOnce(subject, found, cluster, autoscalers)
    if (counts) return { autoscalers, counts }
    if (reads === maxReads) {
      throw new CommandFailure(`${word} changes too often to be explained now: try again`, 1)
    }
  }
}

/** Returns why the counts are what they are. Undefined if the object was read before what the hooks say. */
const seenOnce = async (
  subject: Subject,
  found: readonly ReceiverHook[],
  cluster: Cluster,
  autoscalers: ExplainedCount['autoscalers'],
): Promise<readonly ExplainedCount[] | undefined> => {
  const { api, namespace } = cluster
  const { name, type } = subject
  const missing = `there is no ${type.kind}/${name} in the namespace ${namespace}`
  const before = await readOfAnyKind(api, type, namespace, name, { timeoutMs: interactiveTimeoutMs })
  if (!before) throw new CommandFailure(missing, 1)
  const aimedAt = (count: SubjectCount) => found.filter(hook => isAimedAt(hook, count))
  const memories = await readMemories(cluster, subject.counts(before).flatMap(aimedAt))
  const saidOf = new Map<string, Said>()
  for (const count of memories ? subject.counts(before) : []) {
    const target = { type, namespace, name, at: count.at }
    const said =
      memories && (await saidByRecords(cluster, memories, found, aimedAt(count), target, before.metadata.uid))
    if (said) saidOf.set(count.shownAs, said)
  }
  // It is read after the records, so that it is no older than what they say.
  const object = await readOfAnyKind(api, type, namespace, name, { timeoutMs: interactiveTimeoutMs })
  if (!object) throw new CommandFailure(missing, 1)
  if (object.metadata.uid !== before.metadata.uid) return undefined
  const all: ExplainedCount[] = []
  for (const count of subject.counts(object)) {
    const version = versionOf(count.at, object)
    if (!version) throw new CommandFailure(`${count.shownAs} has no count in ${count.at.field}`, 1)
    const aimed = aimedAt(count)
    const said = saidOf.get(count.shownAs) ?? saidByStatuses(found, count.shownAs)
    const account = accountOf(version, said.parts, said.claims)
    if (account === 'outdated') return undefined
    const { lastWord } = version
    const authors = lastWord ? await authorsAt(cluster, subject, count.at, lastWord.since) : authorsOf(object, count.at)
    all.push({ account, aimed, authors, autoscalers, count, isOurs: lastWord !== undefined, namespace, said })
  }
  return all
}
