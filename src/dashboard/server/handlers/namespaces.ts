import { stringAt } from '../../../api/json.ts'
import type { Namespaces } from '../../protocol.ts'
import { ask, ApiRefused } from '../api.ts'
import type { Handler } from '../context.ts'
import { json } from '../exchange.ts'
import { listOf } from '../row.ts'

/** Lists the namespaces; where the user may not, the one that is known anyway, so that another can be typed. */
export const listNamespaces: Handler = async ({ namespace }, { session }) => {
  try {
    const list = await ask(session.api, { method: 'GET', path: '/api/v1/namespaces', as: 'metadata' })
    const names = listOf(list['items']).flatMap(item => stringAt(item, 'metadata', 'name') ?? [])
    return json(200, { names, complete: true } satisfies Namespaces)
  } catch (error) {
    if (!(error instanceof ApiRefused) || error.status !== 403) throw error
    return json(200, { names: namespace === undefined ? [] : [namespace], complete: false } satisfies Namespaces)
  }
}
