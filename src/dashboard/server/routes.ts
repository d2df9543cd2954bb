import { objectNameRule } from '../../api/names.ts'
import type { Handler } from './context.ts'
import { listEvents } from './handlers/events.ts'
import { readHook } from './handlers/hook.ts'
import { me } from './handlers/me.ts'
import { listNamespaces } from './handlers/namespaces.ts'
import { mayDo } from './handlers/may.ts'
import { createHook, deleteHook, replaceHook, resumeHook, rotateHook, suspendHook } from './handlers/write.ts'
import { stream } from './handlers/stream.ts'
import { listTargets } from './handlers/targets.ts'
import { showURL, tryOnce } from './handlers/use.ts'

export interface Routed {
  readonly handler: Handler
  readonly namespace: string
  readonly name: string
}

/** All that the page can ask for: what a mistake in it could do is at most this, as the user. NS and NAME are names. */
const routes: Readonly<Record<string, Handler>> = {
  'GET /api/me': me,
  'GET /api/namespaces': listNamespaces,
  'GET /api/stream': stream,
  'GET /api/namespaces/NS/may': mayDo,
  'GET /api/namespaces/NS/targets': listTargets,
  'POST /api/hooks': createHook,
  'GET /api/hooks/NS/NAME': readHook,
  'PUT /api/hooks/NS/NAME': replaceHook,
  'DELETE /api/hooks/NS/NAME': deleteHook,
  'POST /api/hooks/NS/NAME/suspend': suspendHook,
  'POST /api/hooks/NS/NAME/resume': resumeHook,
  'POST /api/hooks/NS/NAME/rotate': rotateHook,
  'POST /api/hooks/NS/NAME/url': showURL,
  'POST /api/hooks/NS/NAME/try': tryOnce,
  'GET /api/hooks/NS/NAME/events': listEvents,
}

/** Finds the handler of a method and a path; undefined where there is none, a name that is none included. */
export const routeOf = (method: string, path: string): Routed | undefined => {
  const segments = path.split('/')
  const names = segments[2] === 'hooks' ? [3, 4] : segments[2] === 'namespaces' ? [3] : []
  const values: string[] = []
  const pattern = segments.map((segment, index) => {
    if (!names.includes(index)) return segment
    values.push(segment)
    return index === 3 ? 'NS' : 'NAME'
  })
  const handler = routes[`${method} ${pattern.join('/')}`]
  // Names need no percent-encoding, so what is no name cannot lead to another path either.
  if (handler === undefined || !values.every(name => objectNameRule.holds(name))) return undefined
  return { handler, namespace: values[0] ?? '', name: values[1] ?? '' }
}
