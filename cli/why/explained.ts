import type { ReceiverHook } from '../../src/api/hook.ts'
import type { StoredObject } from '../../src/api/object.ts'
import type { Clock } from '../../src/environment/environment.ts'
import { readOfAnyKind } from '../../src/kube/requests.ts'
import { versionOf } from '../../src/steps/target/read.ts'
import { CommandFailure } from '../../src/commands/failure.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs } from '../cluster/hooks.ts'
import { accountOf } from './account.ts'
import { authorsAt, authorsOf } from './authors.ts'
import { autoscalersOf } from './autoscalers.ts'
import type { ExplainedCount } from './explanation.ts'
import { heldFieldsOf, holdsOf, withoutHold, type ExplainedField, type Holders } from './held.ts'
import { readMemories, saidByRecords, saidByStatuses, type Said } from './said.ts'
import { isAimedAt, subjectNamed, type Subject, type SubjectCount } from './subject.ts'

type Where = Pick<Cluster, 'api' | 'namespace'>

/** What is known about the counts and the held fields of an object. */
interface Explained {
  readonly counts: readonly ExplainedCount[]
  readonly fields: readonly ExplainedField[]
}

type Counted = Pick<ExplainedCount, 'autoscalers'> & Explained

/** How often a count is read again that was older than what the hooks say. */
const maxReads = 5

/**
 * Returns why the counts and the held fields of an object are what they are. `word` names the object, such as
 * `deployment/web`, and `found` has the hooks of its namespace.
 */
export const explained = async (
  word: string,
  found: readonly ReceiverHook[],
  cluster: Where,
  clock: Clock,
): Promise<Counted> => {
  const subject = await subjectNamed(word, found, cluster, clock)
  const autoscalers = await autoscalersOf(cluster, subject)
  for (let reads = 1; ; reads++) {
    const seen = await seenOnce(subject, found, cluster, autoscalers)
    if (seen) return { autoscalers, ...seen }
    if (reads === maxReads) {
      throw new CommandFailure(`${word} changes too often to be explained now: try again`, 1)
    }
  }
}

/** Returns what is known of an object. Undefined if the object was read before what the hooks say. */
const seenOnce = async (
  subject: Subject,
  found: readonly ReceiverHook[],
  cluster: Where,
  autoscalers: ExplainedCount['autoscalers'],
): Promise<Explained | undefined> => {
  const { api, namespace } = cluster
  const { name, type } = subject
  const missing = `there is no ${type.kind}/${name} in the namespace ${namespace}`
  const before = await readOfAnyKind(api, type, namespace, name, { timeoutMs: interactiveTimeoutMs })
  if (!before) throw new CommandFailure(missing, 1)
  const aimedAt = (count: SubjectCount) => found.filter(hook => isAimedAt(hook, count))
  const countsOf = (object: StoredObject) => [...subject.counts(object), ...holdsOf(subject, object)]
  const memories = await readMemories(cluster, countsOf(before).flatMap(aimedAt))
  const saidOf = new Map<string, Said>()
  for (const count of memories ? countsOf(before) : []) {
    const target = { type, namespace, name, at: count.at }
    const said =
      memories && (await saidByRecords(cluster, memories, found, aimedAt(count), target, before.metadata.uid))
    if (said) saidOf.set(count.shownAs, said)
  }
  // It is read after the records, so that it is no older than what they say.
  const object = await readOfAnyKind(api, type, namespace, name, { timeoutMs: interactiveTimeoutMs })
  if (!object) throw new CommandFailure(missing, 1)
  if (object.metadata.uid !== before.metadata.uid) return undefined
  const counts: ExplainedCount[] = []
  const holders: Holders[] = []
  for (const count of countsOf(object)) {
    const stored = versionOf(count.at, object)
    if (!stored) throw new CommandFailure(`${count.shownAs} has no count in ${count.at.field}`, 1)
    const { put, version } = withoutHold(object, count, stored)
    const aimed = aimedAt(count)
    // A count that came between the two reads is not in what the records were asked for.
    const said = memories ? saidOf.get(count.shownAs) : saidByStatuses(found, count.shownAs)
    if (!said) return undefined
    const account = accountOf(version, said.parts, said.claims)
    if (account === 'outdated') return undefined
    if (count.held) {
      holders.push({ account, held: count.held, said, shownAs: count.shownAs })
      continue
    }
    const { lastWord } = version
    const authors = lastWord ? await authorsAt(cluster, subject, count.at, lastWord.since) : authorsOf(object, count.at)
    const isOurs = lastWord !== undefined
    counts.push({ account, aimed, authors, autoscalers, count, isOurs, namespace, put, said })
  }
  return { counts, fields: heldFieldsOf(subject, object, holders, namespace) }
}
