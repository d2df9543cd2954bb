import { product, type Cluster } from '../support/product.ts'
import { installation, rightsOfBase, rightsToSecrets } from './installation.ts'

/** Both roles, each as its own service account, with the rights that an installation has. */
export interface Installed {
  /** The trigger URL of a hook, as soon as it has one for its present generation. */
  readonly url: (name: string) => Promise<string>
}

/** Runs the product until the test ends. With `secrets`, its controller may write Secrets. */
export const installed = async (here: Cluster, { secrets = false } = {}): Promise<Installed> => {
  const rights = [...rightsOfBase(), ...(secrets ? rightsToSecrets() : [])]
  const { as } = await installation(here, rights)
  // The controller first: without keys no trigger is ready.
  await product({ ...here, api: as.controller }, { trigger: false, publicURL: 'http://replaced.example.com' })
  const { triggerPort } = await product({ ...here, api: as.trigger }, { controller: false })
  return { url: async name => `http://127.0.0.1:${triggerPort}${new URL(await here.url(name)).pathname}` }
}
