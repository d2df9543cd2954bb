import type { ServerResponse } from 'node:http'
import { parseJson, stringAt, type JsonObject, isObject } from '../../../src/api/json.ts'
import { openRelay } from '../../support/relay.ts'
import type { Shop } from './shop.ts'

/** What happens to a notification on its way to the trigger. */
export type Passage =
  /** Alertmanager gets the trigger's answer: at once, or when this has resolved, which is called with the answer there. */
  | { readonly answer: 'passed on'; readonly when?: () => Promise<unknown> }
  /** The trigger's answer is thrown away: Alertmanager gets this in its place, or its connection is cut. */
  | { readonly answer: 'lost'; readonly instead: number | 'nothing' }
  /** It does not reach the trigger, and no answer comes. */
  | { readonly answer: 'none' }

/** A notification that came by. */
export interface Notification {
  /** When it came, in milliseconds since the epoch. */
  readonly at: number
  /** The Alertmanager that sent it. */
  readonly from: string
  /** `firing` or `resolved`. */
  readonly status: string
  readonly why: string
  readonly body: JsonObject
  /** The trigger's reason; undefined until it has answered. */
  reason: string | undefined
}

/** Stands between Alertmanagers and the trigger. */
export interface Gate {
  /** The hooks' URLs by way of it. */
  readonly urls: Shop['urls']
  readonly notifications: readonly Notification[]
  /** From now on, notifications fare as this says. */
  readonly rule: (rule: (notification: Notification) => Passage) => void
}

/** Lets everything through until a test says otherwise. */
export const openGate = async ({ urls }: Shop): Promise<Gate> => {
  const notifications: Notification[] = []
  let rule: Parameters<Gate['rule']>[0] = () => ({ answer: 'passed on' })
  const trigger = new URL(urls['web-up']).origin

  const receive = async (path: string, sent: string, response: ServerResponse): Promise<void> => {
    const notification = notificationIn(sent)
    notifications.push(notification)
    const passage = rule(notification)
    if (passage.answer === 'none') return
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(new URL(path, trigger), { method: 'POST', headers, body: sent })
    const text = await answer.text()
    notification.reason = stringAt(parseJson(text), 'reason')
    if (passage.answer === 'passed on') {
      await passage.when?.()
      response.writeHead(answer.status, headers).end(text)
    } else if (passage.instead === 'nothing') response.destroy()
    else response.writeHead(passage.instead).end()
  }

  const port = await openRelay(receive)
  const here = (url: string): string => url.replace(trigger, `http://127.0.0.1:${port}`)
  return {
    urls: { 'web-up': here(urls['web-up']), 'web-down': here(urls['web-down']) },
    notifications,
    rule: next => void (rule = next),
  }
}

/** Returns who sent a notification: an Alertmanager's name is in its external URL, http://NAME.example.com. */
const notificationIn = (sent: string): Notification => {
  const body = parseJson(sent)
  if (!isObject(body)) throw new Error(`a notification is an object: ${sent}`)
  return {
    at: Date.now(),
    from: new URL(stringAt(body, 'externalURL') ?? '').hostname.split('.')[0] ?? '',
    status: stringAt(body, 'status') ?? '',
    why: stringAt(body, 'notification_reason') ?? '',
    body,
    reason: undefined,
  }
}
