import type { Environment } from '../environment/environment.ts'
import type { Follow } from '../kube/follow.ts'
import { openLedgers } from '../steps/ledgers.ts'
import { stepService } from '../steps/service.ts'
import { createVerifier } from '../token/verify.ts'
import { authBar } from './auth.ts'
import { secretReader } from './auth-secrets.ts'
import { authenticator } from './authenticate.ts'
import { triggerEndpoint, type Endpoint } from './endpoint.ts'
import { hookCache } from './hooks.ts'
import { publicKeyCache } from './keys.ts'
import { mostRememberedTokens } from './limits.ts'
import { recorder } from './record.ts'

export interface TriggerRole {
  readonly endpoint: Endpoint
  /** Whether hooks and keys have been read, so that posts can be served. */
  ready(): boolean
  /** Watches until `stop` is aborted. */
  run(stop: AbortSignal): Promise<void>
}

/**
 * The trigger: it can mint nothing and change no hook. `namespace` is the product's own; `follow` is how hooks and
 * keys are followed, where others in this process follow them as well.
 */
export const triggerRole = (
  environment: Environment,
  options: { readonly namespace: string; readonly watchNamespace?: string; readonly follow?: Follow },
): TriggerRole => {
  const hooks = hookCache(environment, options.watchNamespace, options.follow)
  const keys = publicKeyCache(environment, options.namespace, options.follow)
  const authenticate = authenticator(environment.clock, createVerifier({ remember: mostRememberedTokens }), keys, hooks)
  const ledgers = openLedgers(environment)
  const record = recorder(environment, ledgers, hooks)
  const endpoint = triggerEndpoint(
    environment,
    authenticate,
    authBar(secretReader(environment)),
    hooks,
    stepService(environment),
    ledgers,
    record,
  )
  return {
    endpoint,
    ready: () => hooks.synced() && keys.current() !== undefined,
    run: async stop => {
      await Promise.all([hooks.run(stop), keys.run(stop), ledgers.run(stop)])
    },
  }
}
