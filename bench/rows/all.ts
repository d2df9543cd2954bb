import type { Row } from '../row.ts'
import { burst } from './burst.ts'
import { cpu } from './cpu.ts'
import { edit } from './edit.ts'
import { growthOfHooks } from './growth-hooks.ts'
import { growthOfQueue } from './growth-queue.ts'
import { growthOfReplicas } from './growth-replicas.ts'
import { hang } from './hang.ts'
import { live } from './live.ts'
import { mint } from './mint.ts'
import { named } from './named.ts'
import { restart } from './restart.ts'
import { start } from './start.ts'
import { throughput } from './throughput.ts'
import { unnamed } from './unnamed.ts'

/** Every row, in the order of the table. Adding one is a file and a line here. */
export const rows: readonly Row[] = [
  unnamed,
  live,
  named,
  hang,
  throughput,
  burst,
  mint,
  restart,
  edit,
  start,
  cpu,
  growthOfHooks,
  growthOfQueue,
  growthOfReplicas,
]
