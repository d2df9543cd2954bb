import { isObject } from '../../src/api/json.ts'
import { parseFile } from './syntax.ts'

/** How many lines of code a room may have, and why the number was last raised. */
export interface RoomBudget {
  readonly lines: number
  readonly why?: string
}
export type Budget = Readonly<Record<string, RoomBudget>>
export type CodeLines = Readonly<Record<string, number>>

/** So many lines of a budget may be unused. Small changes on parallel branches then leave its numbers alone. */
const maxUnused = 20

/** Reads a budget. What is no number counts as none. */
export const parsedBudget = (text: string): Budget => {
  const stored: unknown = JSON.parse(text)
  const rooms = Object.entries(isObject(stored) ? stored : {})
  return Object.fromEntries(
    rooms.map(([room, each]) => {
      const { lines, why } = isObject(each) ? each : {}
      return [room, { lines: Number(lines), ...(typeof why === 'string' && { why }) }]
    }),
  )
}

/** Counts the lines of code for each room: a folder or a file directly in `src`, or another folder of the product. */
export const codeLinesByRoom = (paths: readonly string[]): CodeLines => {
  const lines: Record<string, number> = {}
  for (const path of paths) {
    const [folder = path, inside = path] = path.split('/')
    const room = folder === 'src' ? inside : folder
    lines[room] = (lines[room] ?? 0) + codeLinesIn(path)
  }
  return lines
}

/** Counts the lines of a file that have more than a comment. */
export const codeLinesIn = (path: string): number => {
  const { comments, text } = parseFile(path)
  let code = ''
  let end = 0
  for (const comment of comments) {
    code += text.slice(end, comment.start)
    end = comment.end
  }
  return (code + text.slice(end)).split('\n').filter(line => line.trim() !== '').length
}

/** Returns the budget with numbers of which much is unused lowered to what their rooms have. A room without code drops out. */
export const lowered = (budget: Budget, lines: CodeLines): Budget =>
  Object.fromEntries(
    Object.entries(budget)
      .filter(([room]) => lines[room] !== undefined)
      .map(([room, each]) => [
        room,
        each.lines - (lines[room] ?? 0) > maxUnused ? { ...each, lines: lines[room] ?? 0 } : each,
      ]),
  )

/** Returns the budget with a room's number at what the room has, and the reason. */
export const raised = (budget: Budget, lines: CodeLines, room: string, why: string): Budget => ({
  ...budget,
  [room]: { lines: lines[room] ?? 0, why },
})

/** Lists what is wrong with a budget. `base` is the budget that a change began with, if that is known. */
export const findingsIn = (budget: Budget, lines: CodeLines, base: Budget = budget): readonly string[] =>
  [...new Set([...Object.keys(lines), ...Object.keys(budget)])].toSorted().flatMap(room => {
    const allowed = budget[room]
    const has = lines[room]
    if (has === undefined) return [`${room} has no code any more: npm run budget`]
    if (!allowed || has > allowed.lines)
      return [
        `${room} has ${has} lines of code, its budget is ${allowed?.lines ?? 0}: npm run budget -- --raise ${room} 'why'`,
      ]
    if (allowed.lines - has > maxUnused) return [`${room} needs ${has} lines of its ${allowed.lines}: npm run budget`]
    const isRaised = allowed.lines > (base[room]?.lines ?? 0)
    return isRaised && (allowed.why ?? '') === (base[room]?.why ?? '')
      ? [`${room} was raised without a new reason`]
      : []
  })

/** Lists how the numbers differ from those of the base: `acts 489 -> 519 (+30: why)`. */
export const changesIn = (budget: Budget, base: Budget): readonly string[] =>
  [...new Set([...Object.keys(base), ...Object.keys(budget)])].toSorted().flatMap(room => {
    const [before, now] = [base[room]?.lines ?? 0, budget[room]?.lines ?? 0]
    if (before === now) return []
    const change = now > before ? `+${now - before}: ${budget[room]?.why ?? ''}` : `${now - before}`
    return [`${room} ${before} -> ${now} (${change})`]
  })
