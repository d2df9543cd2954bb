import { driverColumns, resourceSchema, type ColumnMembers } from '../api/crd.ts'
import { specSchema } from '../api/hook.ts'
import type { Declaration } from './declaration.ts'
import { forwardDeclaration } from './forward/schema.ts'
import { holdDeclaration } from './hold/schema.ts'
import { redeployDeclaration } from './redeploy/schema.ts'
import { runJobDeclaration } from './run-job/schema.ts'
import { restartDeclaration } from './restart/schema.ts'
import { scaleDeclaration } from './scale/schema.ts'
import { scaleNodesDeclaration } from './scale-nodes/schema.ts'

/**
 * The declarations of all drivers, without their actions, because everything that this file imports
 * also runs in a browser. To add a driver, add a folder, a line here and a line in registry.ts.
 */
export const declarations = [
  scaleDeclaration,
  scaleNodesDeclaration,
  redeployDeclaration,
  restartDeclaration,
  runJobDeclaration,
  forwardDeclaration,
  holdDeclaration,
] as const satisfies readonly Declaration[]

export type DriverName = (typeof declarations)[number]['name']

export const hookSpecSchema = specSchema(
  Object.fromEntries(declarations.map(({ name, schema }) => [name, schema])),
  declarations.filter(({ undoes }) => undoes).map(({ name }) => name),
  declarations.filter(({ isApprovable }) => isApprovable).map(({ name }) => name),
)

/** The schema of the whole resource, as the reference page describes it. */
export const hookSchema = resourceSchema(hookSpecSchema)

/** Returns for each column the drivers that fill it. */
export const columnMembers = (declared: readonly Declaration[]): ColumnMembers =>
  Object.fromEntries(
    Object.keys(driverColumns).map(column => [
      column,
      declared.filter(({ columns }) => columns.some(shown => shown === column)).map(({ name }) => name),
    ]),
  )
