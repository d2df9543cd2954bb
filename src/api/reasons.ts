import type { ReasonPlace } from './reasons/reason.ts'
import { driverReasons } from './reasons/of-drivers.ts'
import { gateReasons } from './reasons/of-gates.ts'
import { hookReasons } from './reasons/of-hooks.ts'
import { postReasons } from './reasons/of-posts.ts'

/** All reasons of answers, conditions and Events, in the order of the page on them. */
export const reasons = { ...driverReasons, ...gateReasons, ...hookReasons, ...postReasons } as const

export type Reason = keyof typeof reasons

export type ReasonIn<P extends ReasonPlace> = {
  [R in Reason]: P extends (typeof reasons)[R]['where'][number] ? R : never
}[Reason]

export const isReason = (text: string): text is Reason => Object.hasOwn(reasons, text)
