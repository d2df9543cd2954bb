import { isReceiverHook } from '../../src/api/hook.ts'
import type { StoredObject } from '../../src/api/object.ts'
import { baseOf } from '../cluster/hook-url.ts'
import { triggerPath } from '../../src/token/published.ts'
import { NoAnswer, post } from '../post.ts'
import type { Shell } from '../../src/commands/shell.ts'
import { failure, ok, warning, type Finding } from './finding.ts'

/** A token that belongs to no hook. The endpoint answers it with 404 and runs nothing. */
const nobodysToken = 'nobody'

/** Posts to the trigger endpoint from this machine, and checks that the trigger answers. */
export const checkEndpoint = async (
  items: Promise<readonly StoredObject[]>,
  base: string | undefined,
  env: Shell['env'],
): Promise<Finding> => {
  const known =
    base ??
    (await items)
      .filter(isReceiverHook)
      .map(baseOf)
      .find(url => url !== undefined)
  if (known === undefined) return ok('endpoint', 'no hook has a URL in its status to try')
  if (base === undefined && /\.svc(\.|:|\/|$)/.test(new URL(known).host)) {
    return warning(
      'endpoint',
      `URLs begin with ${known}, which only clients inside the cluster can reach`,
      'Start the controller with --public-url if senders are outside; add --public-url here to try another address.',
    )
  }
  const todo = "Check the Ingress, the Service and the pods of the trigger, and the controller's --public-url."
  try {
    const { body, status } = await post(`${known}${triggerPath}${nobodysToken}`, {}, '', env)
    return status === 404 && body.includes('UnknownToken')
      ? ok('endpoint', `${known} answers`)
      : failure('endpoint', `something else answers at ${known}, with ${status}`, todo)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return failure('endpoint', error instanceof NoAnswer ? error.said : message, todo)
  }
}
