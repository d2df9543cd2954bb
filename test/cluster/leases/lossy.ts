import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { parseJson, stringAt, tryParseJson } from '../../../src/api/json.ts'
import { nodeClock } from '../../../src/environment/node.ts'
import { openRelay } from '../../support/relay.ts'

/** A post that came by. */
export interface Passed {
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly hook: string
  readonly incident: string
  readonly status: string
  readonly isLost: boolean
  /** The trigger's answer. Undefined if the post was lost. */
  readonly answered: number | undefined
  readonly reason: string | undefined
}

/** Stands between Alertmanager and the triggers. Alertmanager learns nothing of what is lost. */
export interface LossyNetwork {
  readonly port: number
  readonly passed: readonly Passed[]
}

/**
 * Loses a share of the posts for good: it answers 200 for them. It passes the others on to the
 * triggers in turns, under the same path. Posts of one alert to several hooks are lost together.
 */
export const lossyNetwork = async (
  { lostShare, seed }: { readonly lostShare: number; readonly seed: number },
  ports: readonly number[],
  hookAt: (path: string) => string,
): Promise<LossyNetwork> => {
  const passed: Passed[] = []
  const times = new Map<string, number>()
  let turn = 0

  const receive = async (path: string, sent: string, response: ServerResponse): Promise<void> => {
    const body = parseJson(sent)
    const incident = stringAt(body, 'groupLabels', 'incident') ?? ''
    const hook = hookAt(path)
    const key = `${hook} ${incident}`
    const time = times.get(key) ?? 0
    times.set(key, time + 1)
    const isLost = fractionOf(`${seed} ${incident} ${time}`) < lostShare
    const at = nodeClock.now()
    const note = (answered?: number, reason?: string): void =>
      void passed.push({ at, hook, incident, status: stringAt(body, 'status') ?? '', isLost, answered, reason })
    if (isLost) {
      note()
      response.end()
      return
    }
    const port = ports[(turn += 1) % ports.length] ?? 0
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: sent })
    const text = await answer.text()
    note(answer.status, stringAt(tryParseJson(text), 'reason'))
    response.writeHead(answer.status, headers).end(text)
  }

  const port = await openRelay(receive)
  return { port, passed }
}

/** Returns a number from 0 up to 1 that follows from a text. */
const fractionOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
