import { at, stringAt } from '../../../api/json.ts'
import type { Handler } from '../context.ts'
import { json, Refused } from '../exchange.ts'
import { tryHook, urlOf } from '../try.ts'
import { hookAsUser } from './hook.ts'

/** Answers with the URL of one hook, to whoever may read it: the one answer that holds one. */
export const showURL: Handler = async (_context, { name, namespace, session }) => {
  const { url } = await urlOf(session.api, await hookAsUser(session.api, namespace, name))
  return json(200, { url })
}

/** The page makes them. */
const keyPattern = /^[A-Za-z0-9_-]{8,64}$/

/** Posts once to the hook, and answers with what the trigger said. */
export const tryOnce: Handler = async ({ triggerBase, world }, { body, name, namespace, session }) => {
  const key = stringAt(body, 'key') ?? ''
  if (!keyPattern.test(key)) throw new Refused(400, 'BadRequest', 'key must name the delivery')
  const hook = await hookAsUser(session.api, namespace, name)
  const sent = stringAt(body, 'body')
  const trial = { dryRun: at(body, 'dryRun') !== false, key, ...(sent === undefined ? {} : { body: sent }) }
  return json(200, await tryHook(session.api, world.outbound, triggerBase, hook, trial))
}
