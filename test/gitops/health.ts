import { readFileSync } from 'node:fs'
import { LuaFactory } from 'wasmoon'
import { parse } from 'yaml'
import { stringAt } from '../../src/api/json.ts'

/** What Argo CD shows of a resource. */
export interface Health {
  readonly status: string
  readonly message: string
}

/** The file in which the health check stands, and the entry that Argo CD looks for. */
export const healthFile = 'deploy/examples/argo-cd/argocd-cm.yaml'
export const healthEntry = 'resource.customizations.health.receiverhooks.dev_ReceiverHook'

/** Returns what the health check that people give to Argo CD says of a hook. Lua 5.4 runs it here, and 5.1 there. */
export const healthOf = async (object: object): Promise<Health> => {
  const lua = await new LuaFactory().createEngine({ enableProxy: false })
  try {
    lua.global.set('obj', object)
    const health: unknown = await lua.doString(healthCheck())
    return { status: stringAt(health, 'status') ?? '', message: stringAt(health, 'message') ?? '' }
  } finally {
    lua.global.close()
  }
}

const healthCheck = (): string => {
  const check = stringAt(parse(readFileSync(healthFile, 'utf8')), 'data', healthEntry)
  if (check === undefined) throw new Error(`${healthFile} has no ${healthEntry}`)
  return check
}
