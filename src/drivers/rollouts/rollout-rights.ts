import type { Asked, Extra } from '../driver-rights.ts'
import { workloadKinds } from './kinds.ts'
import type { WorkloadKind } from './schema.ts'

/**
 * Returns the rights that the author of a hook needs, by its targets. `does` is a verb, such as
 * `roll out`.
 */
export const authorOf = (kinds: readonly WorkloadKind[], does: string): readonly Asked[] => [
  {
    when: 'has(self.target)',
    group: kinds.includes('CronJob') ? "self.target.kind == 'CronJob' ? 'batch' : 'apps'" : "'apps'",
    resource: "self.target.kind.lowerAscii() + 's'",
    name: 'self.target.name',
    verb: 'patch',
    does: `'${does} ' + self.target.kind + '/' + self.target.name`,
    right: '`patch` on the target, as in `deployments`',
    why: `the hook ${inThird(does)} its targets`,
  },
  ...workloadKinds
    .filter(({ type }) => kinds.includes(type.kind))
    .map(({ type: { group, kind, resource } }): Asked => ({
      when: `has(self.selector) && (!has(self.kinds) || '${kind}' in self.kinds)`,
      group: `'${group}'`,
      resource: `'${resource}'`,
      verb: 'patch',
      does: `'${does} every ${kind}'`,
      right: '`patch` on each kind that `selector` looks at',
      why: `the hook ${inThird(does)} its targets`,
    })),
]

/**
 * The right to find out why a rollout does not continue. The drivers of rollouts and Jobs use it. Only one
 * of them declares it.
 */
export const rolloutPods: Extra = {
  name: 'rollout-pods',
  hooks: 'whose outcome should say why pods are not ready (redeploy, restart, runJob)',
  readsDefinitions: false,
  trigger: [
    { group: '', resource: 'pods', verbs: ['list'], why: 'to say why the pods of a rollout or a Job are not ready' },
  ],
  keeps: [],
}

/** Returns a verb in the third person: `roll out` becomes `rolls out`. */
const inThird = (verb: string): string => verb.replace(/^\w+/, '$&s')
