import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startControlPlane, type ControlPlane } from './control-plane/control-plane.ts'
import { defineCounted } from './counted.ts'
import { check } from './exact/check.ts'
import { written } from './exact/history.ts'
import type { Extent } from './exact/plan.ts'
import { report } from './exact/report.ts'
import { askPorcupine } from './exact/porcupine.ts'
import { run } from './exact/run.ts'

/**
 * What runs each time, some 1,700 posts to targets of all kinds; what EXACT=prove and EXACT=long run, in minutes; and what
 * EXACT=hour spreads over an hour. EXACT_SEED chooses what is sent and killed. EXACT_HISTORY names a file that the history is kept
 * in, and EXACT_REPORT one for the figures.
 */
const short: Extent = { deliveries: 1300, targets: 20, triggers: 3, triggerKills: 1, apiServerKills: 1, senders: 48 }
const long: Extent = { ...short, deliveries: 20_000, targets: 50, triggerKills: 8, apiServerKills: 2, senders: 64 }
const prove: Extent = { ...long, deliveries: 8000 }
const hour: Extent = { ...long, deliveries: 40_000, triggerKills: 24, apiServerKills: 6, lastsMs: 3_600_000 }

const asked = process.env['EXACT'] ?? 'short'
const extent = { short, prove, long, hour }[asked]
if (!extent) throw new Error(`EXACT is short, prove, long or hour, not ${asked}`)
/** How long it may take on a machine that is busy, in milliseconds. */
const maxMs = 3_600_000 + 2 * (extent.lastsMs ?? 0)

const seed = Number(process.env['EXACT_SEED'] ?? randomInt(1, 1_000_000))

let controlPlane: ControlPlane

beforeAll(async () => {
  controlPlane = await startControlPlane()
  await defineCounted(controlPlane.api)
}, maxMs)
afterAll(() => controlPlane.stop())

it(
  `every target ends where the answers and the outside writes put it, after ${extent.deliveries} deliveries while processes are killed`,
  async () => {
    const ran = await run(controlPlane, seed, extent)
    const checked = check(ran.history)
    const figures = report(seed, extent, ran, checked)
    console.log(figures)
    const broken = checked.violations.length > 0
    const file = process.env['EXACT_HISTORY'] ?? (broken ? join(tmpdir(), `exact-${seed}.jsonl`) : undefined)
    if (file !== undefined) {
      await writeFile(file, written(ran.history))
      console.log(`the history is in ${file}`)
    }
    const { isLinearizable, said } = await askPorcupine(ran.history)
    console.log(`Porcupine: ${said}`)
    const reportFile = process.env['EXACT_REPORT']
    if (reportFile !== undefined) await writeFile(reportFile, `${figures}  Porcupine: ${said}`)
    expect(checked.violations).toEqual([])
    expect(isLinearizable).toBe(true)
    expect(ran.errors).toEqual([])
  },
  maxMs,
)
