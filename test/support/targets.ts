import type { Target } from '../../src/steps/target/target.ts'
import { viaScale } from '../../src/steps/target/via-scale.ts'

/** Returns a Deployment in namespace shop, as steps are asked for it. */
export const deploymentTarget = (name: string): Target => ({
  type: { group: 'apps', version: 'v1', resource: 'deployments', kind: 'Deployment' },
  namespace: 'shop',
  name,
  at: viaScale,
})
