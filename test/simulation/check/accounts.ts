import { stringAt } from '../../../src/api/json.ts'
import type { Violation } from '../happened.ts'
import { userOf } from '../world/accounts.ts'
import { shop } from '../world/paths.ts'
import { isThere } from './model.ts'
import { mayGoBy, mayKnow, type HookVersion, type Story, type Timeline } from './timeline.ts'
import type { Explanation } from './writes.ts'

/** The account as which a version of a hook acts; undefined where it acts as the trigger. */
const accountOf = ({ object }: HookVersion): string | undefined => stringAt(object, 'spec', 'serviceAccountName')

/** How long after an account was deleted a request may still be made as it, in milliseconds. */
const graceMs = 2000

/** As whom the steps of a post may be made; undefined stands for the process itself. */
export const usersOf = (timeline: Timeline, story: Story): ReadonlySet<string | undefined> => {
  const versions = mayGoBy(timeline, story, story.arrived, story.ended)
  return new Set(versions.map(accountOf).map(name => (name === undefined ? undefined : userOf(name))))
}

/** All is read and written as the account that the hook names, and nothing as an account that is gone. */
export const checkAccounts = (timeline: Timeline, explanation: Explanation): readonly Violation[] => [
  ...asOthers(timeline, explanation),
  ...asDeleted(timeline),
  ...answeredWithoutRights(timeline),
]

/** Every step in a write was one of a hook whose account has made the write. */
const asOthers = (timeline: Timeline, { explained }: Explanation): readonly Violation[] =>
  explained.flatMap(({ fold, steps, stored }) => {
    const { as } = stored
    return steps.flatMap(({ stories }) => {
      const [story] = stories
      if (!story) return []
      const since = Math.min(fold.place, story.arrived)
      const versions = stories.flatMap(each => mayGoBy(timeline, each, since, stored.place))
      const named = new Set(versions.map(accountOf).map(name => name && userOf(name)))
      if (named.has(as)) return []
      return [
        {
          promise: 'account',
          why: `post ${story.post.id} to ${story.post.hook} was in a write as ${as ?? 'the trigger'}, and the hook acts as ${[...named].join(' or ')}`,
        },
      ]
    })
  })

/** No request is made as an account that was gone all the time before it. */
const asDeleted = (timeline: Timeline): readonly Violation[] =>
  timeline.acted.flatMap(({ as, place, process }) => {
    const name = as.slice(userOf('').length)
    const there = mayKnow(timeline, timeline.accounts.get(name) ?? [], place, place, graceMs)
    return as.startsWith(`system:serviceaccount:${shop}:`) && there.some(({ deleted }) => !deleted)
      ? []
      : [{ promise: 'account', why: `${process} made a request as ${as}, which was not there` }]
  })

const decided: ReadonlySet<string> = new Set(['applied', 'unchanged', 'rejected'])

/** Whether an account had no right at any time before a place. */
const hadNoRights = ({ rights }: Timeline, account: string | undefined, place: number): boolean =>
  account !== undefined && !rights.some(each => each.user === userOf(account) && each.may && each.place <= place)

/** Nobody learns a count from a hook whose account has never had a right to anything. */
const answeredWithoutRights = (timeline: Timeline): readonly Violation[] =>
  timeline.stories.flatMap(story => {
    const { answer, arrived, ended, post } = story
    if (answer === undefined || answer === 'no answer' || !decided.has(answer.body.outcome ?? '')) return []
    const versions = mayGoBy(timeline, story, arrived, ended).filter(version => isThere(version, post.uid))
    if (versions.some(version => !hadNoRights(timeline, accountOf(version), ended))) return []
    const why = `post ${post.id} to ${post.hook} got ${answer.body.reason}, and its account may do nothing`
    return [{ promise: 'account', why }]
  })

/** Whether the account of a hook may have been missing for a post. */
export const wasGone = (timeline: Timeline, version: HookVersion, { arrived, ended }: Story): boolean => {
  const account = accountOf(version)
  if (account === undefined) return false
  const versions = timeline.accounts.get(account) ?? []
  return mayKnow(timeline, versions, arrived, ended, graceMs).some(({ deleted }) => deleted)
}

/** Whether the account of a hook may have lacked its rights for a post, or have been missing. */
export const wasPowerless = (timeline: Timeline, version: HookVersion, story: Story): boolean => {
  const account = accountOf(version)
  if (account === undefined) return false
  const rights = timeline.rights.filter(({ user }) => user === userOf(account))
  const may = mayKnow(timeline, rights, story.arrived, story.ended, graceMs)
  return wasGone(timeline, version, story) || may.some(each => !each.may)
}
