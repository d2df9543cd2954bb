import { authOf } from '../../src/api/auth.ts'
import { authSchema } from '../../src/api/auth-schema.ts'
import { milliseconds } from '../../src/api/duration.ts'
import { has } from '../../src/api/guard.ts'
import { at, stringAt } from '../../src/api/json.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import type { SnippetHook } from './snippet.ts'

/** Returns what snippets need of a hook, from its stored spec. */
export const snippetHook = (name: string, namespace: string, spec: unknown, url: string): SnippetHook => {
  const secretName = stringAt(spec, 'token', 'secretName')
  const written = at(spec, 'auth')
  const auth = has(authSchema, written) ? authOf(written) : undefined
  const forMs = milliseconds(stringAt(spec, 'for') ?? '')
  const redeploy = at(spec, 'redeploy')
  const image = stringAt(redeploy, 'image')
  const pushedAs = textsIn(at(redeploy, 'pushedAs'))
  const restarts = stringAt(redeploy, 'withoutImage') === 'restart'
  const rollsOut = redeploy !== undefined || at(spec, 'restart') !== undefined
  return {
    namespace,
    name,
    url,
    ...(secretName === undefined ? {} : { secretName }),
    ...(auth === undefined || auth.form === 'path' ? {} : { auth }),
    ...(forMs === undefined ? {} : { forMs }),
    ...(hasNamedURL(spec) && { hasNamedURL: true }),
    ...(rollsOut && { rollsOut }),
    ...(redeploy === undefined
      ? {}
      : {
          pushes: {
            restarts,
            ...(at(redeploy, 'tags', 'semver') !== undefined && { versions: true }),
            ...(image === undefined ? {} : { image }),
            ...(pushedAs.length === 0 ? {} : { pushedAs }),
          },
        }),
  }
}

const textsIn = (list: unknown): readonly string[] =>
  Array.isArray(list) ? list.filter(entry => typeof entry === 'string') : []
