import { baseBy, lastingHooks, notesOf, type ExplainedCount } from '../../../cli/why/explanation.ts'
import { explained } from '../../../cli/why/explained.ts'
import type { HookPart } from '../../../cli/why/account.ts'
import { CommandFailure } from '../../../src/commands/failure.ts'
import { isReceiverHook, type ReceiverHook } from '../../../src/api/hook.ts'
import type { ApiConnection } from '../../../src/environment/environment.ts'
import { redacted } from '../../../src/environment/redact.ts'
import { rfc3339 } from '../../../src/environment/time.ts'
import { hooks } from '../../../src/kube/resources.ts'
import type { TargetCountDetail, TargetDetail, CountPart } from '../../protocol.ts'
import { askList } from '../api.ts'
import type { Api, Context } from '../context.ts'
import { redactedText, rowOf } from '../row.ts'

export const targetRoutes = (router: Api, { examinations, sessionOf, world }: Context): void => {
  // Returns why the counts of an object are what they are.
  router.get('/targets/:namespace/:kind/:name', async (request, response) => {
    const { kind, name, namespace } = request.params
    const word = `${kind}/${name}`
    const detail = await examinations.run(
      sessionOf(request).api,
      `kubectl receiverhook why ${word} -n ${namespace}`,
      async (api): Promise<TargetDetail> => {
        const found = await hooksAbout(api, namespace, word)
        try {
          const { autoscalers, counts } = await explained(word, found, { api, namespace }, world.clock)
          return {
            counts: counts.map(count => detailOf(count, world.clock.now())),
            autoscalers: autoscalers === 'unknown' ? [] : autoscalers,
          }
        } catch (error) {
          if (!(error instanceof CommandFailure)) throw error
          return { counts: [], autoscalers: [], note: error.message }
        }
      },
    )
    response.json(detail)
  })
}

/** Returns the hooks that are aimed at an object, and those that lease something somewhere. */
const hooksAbout = async (api: ApiConnection, namespace: string, word: string): Promise<readonly ReceiverHook[]> => {
  const found: ReceiverHook[] = []
  for await (const object of askList(api, hooks, namespace)) {
    const { leases, target = '' } = rowOf(object)
    if ((target.split(' ')[0] === word || leases !== undefined) && isReceiverHook(object)) found.push(object)
  }
  return found
}

const detailOf = (explained: ExplainedCount, now: number): TargetCountDetail => {
  const { account, authors, count } = explained
  return {
    shownAs: count.shownAs,
    count: account.count,
    base: account.base,
    baseBy: redacted(baseBy(explained)),
    baseAt: authors?.[0]?.time,
    lasting: { by: account.good, hooks: account.good === 0 ? [] : lastingHooks(explained) },
    open: account.open.map(partOf),
    ended: account.ended.map(partOf),
    notes: notesOf(explained, { now }).map(redacted),
  }
}

const partOf = ({ at, by, hook, of, state, until }: HookPart): CountPart => ({
  hook,
  by,
  since: rfc3339(at),
  until: until === undefined ? undefined : rfc3339(until),
  of: redactedText(of),
  state,
})
