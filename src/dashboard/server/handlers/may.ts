import type { Handler } from '../context.ts'
import { json } from '../exchange.ts'

/** Says which buttons the user may press in a namespace. */
export const mayDo: Handler = async ({ rights }, { namespace, session }) =>
  json(200, await rights(session).of(namespace))
