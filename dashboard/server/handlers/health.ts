import { examined } from '../../../cli/doctor/examined.ts'
import { objectNameRule } from '../../../src/api/names.ts'
import { redacted } from '../../../src/environment/redact.ts'
import type { Finding } from '../../protocol.ts'
import { parameter, type Api, type Context } from '../context.ts'
import { RefusedError } from '../refused.ts'

export const healthRoutes = (router: Api, context: Context): void => {
  const { examinations, sessionOf, systemNamespace: system, version, world } = context
  // Checks the installation as `doctor` does, and with `hooks=true` the hooks of the shown namespace too.
  router.get('/health', async (request, response) => {
    const shown = parameter(request.query, 'namespace')
    if (shown !== '' && !objectNameRule.holds(shown)) throw new RefusedError(400, 'BadRequest', 'no such namespace')
    const namespace = shown === '' ? undefined : shown
    const withHooks = parameter(request.query, 'hooks') === 'true'
    const command = `kubectl receiverhook doctor ${namespace === undefined ? '-A' : `-n ${namespace}`}`
    const found = await examinations.run(sessionOf(request).api, command, api =>
      examined({
        cluster: { api, namespace: namespace ?? context.namespace ?? 'default' },
        ...{ clock: world.clock, namespace, system, version, withHooks },
      }),
    )
    response.json(found.map(finding => ({ ...finding, message: redacted(finding.message) })) satisfies Finding[])
  })
}
