import { names, triggerPathsOf, type Stage } from '../../bench/stage.ts'
import type { Started } from '../../bench/started.ts'

/** The product, and hooks that it serves. */
interface Hooked {
  readonly product: Started
  /** The Deployments. */
  readonly paths: readonly string[]
  /** The URL of the hook of each. */
  readonly urls: readonly string[]
}

/** Makes Deployments with a hook each, which adds one, and starts the product on them. `more` is added to each hook's spec. */
export const startHooked = async (stage: Stage, count: number, more: object = {}): Promise<Hooked> => {
  const hooked = names('hooked', count)
  const paths = await stage.deployments(hooked)
  await stage.hooks(hooked, 'up', more)
  const product = await stage.product()
  const triggers = await triggerPathsOf(stage, count)
  return { product, paths, urls: hooked.map(name => product.origin + triggers.get(`${name}-up`)) }
}
