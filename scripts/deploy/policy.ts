/** A ValidatingAdmissionPolicy, which its binding has deny what it is against. */
export interface Policy {
  readonly name: string
  /** What it is for, as sentences. */
  readonly means: string
  readonly spec: object
}

/** Everything that the admission policies have to know of an installation. */
export interface Installation {
  /** The accounts that the trigger runs as, as the API server names them. */
  readonly triggers: readonly string[]
  /** The accounts that the controller runs as. Where both roles are in one pod, it has the trigger's. */
  readonly controllers: readonly string[]
  /** The product's own namespace. */
  readonly namespace: string
}

interface Rule {
  readonly group: string
  readonly resource: string
  /** The objects of these names alone, or all. */
  readonly names?: readonly string[]
  readonly operations: readonly string[]
}

/** Returns what a policy matches, with one rule for the resources of one group. */
export const matching = (rules: readonly Rule[]): object => ({
  resourceRules: [
    ...Map.groupBy(rules, ({ group, names, operations }) => JSON.stringify([group, names, operations])).values(),
  ].map(alike => ({
    apiGroups: [...new Set(alike.map(({ group }) => group))],
    apiVersions: ['*'],
    resources: [...new Set(alike.map(({ resource }) => resource))],
    ...(alike[0]?.names && { resourceNames: alike[0].names }),
    operations: alike[0]?.operations ?? [],
  })),
})

export const listOf = (texts: readonly string[]): string => `[${texts.map(text => `'${text}'`).join(', ')}]`
