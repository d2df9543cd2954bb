/** Returns the object in a target, such as `Cluster/east` for `Cluster/east pool workers`. Undefined if it names none. */
export const targetObject = (target: string | undefined): string | undefined =>
  /^[A-Za-z]+\/[a-z0-9.-]+(?= |$)/.exec(target ?? '')?.[0]
