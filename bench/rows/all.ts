import type { Row } from '../row.ts'
import { burst } from './burst.ts'
import { cpu } from './cpu.ts'
import { customResource } from './custom-resource.ts'
import { edit } from './edit.ts'
import { ends, endsOfMany } from './ends.ts'
import { flood } from './flood.ts'
import { forward } from './forward.ts'
import { growthOfHooks } from './growth-hooks.ts'
import { growthOfQueue } from './growth-queue.ts'
import { growthOfRemembered } from './growth-remembered.ts'
import { growthOfReplicas } from './growth-replicas.ts'
import { hang } from './hang.ts'
import { hashing } from './hashing.ts'
import { live } from './live.ts'
import { mint } from './mint.ts'
import { named } from './named.ts'
import { page } from './page.ts'
import { policy } from './policy.ts'
import { redeploy } from './redeploy.ts'
import { remembered } from './remembered.ts'
import { replicas } from './replicas.ts'
import { restart } from './restart.ts'
import { start } from './start.ts'
import { throughput } from './throughput.ts'
import { unnamed } from './unnamed.ts'
import { unproven } from './unproven.ts'
import { waiting } from './wait.ts'

/** Every row, in the order of the table. Adding one is a file and a line here. */
export const rows: readonly Row[] = [
  unnamed,
  customResource,
  live,
  unproven,
  named,
  policy,
  hang,
  flood,
  remembered,
  throughput,
  replicas,
  hashing,
  burst,
  ends,
  endsOfMany,
  waiting,
  forward,
  redeploy,
  page,
  mint,
  restart,
  edit,
  start,
  cpu,
  growthOfHooks,
  growthOfQueue,
  growthOfRemembered,
  growthOfReplicas,
]
