import { rfc3339 } from '../../src/environment/time.ts'
import { readServerTime } from '../cluster/server-time.ts'
import { chosenArguments, chosenHooks, chosenOptions, forEachHook } from '../cluster/chosen.ts'
import { openCluster } from '../cluster/cluster.ts'
import { interactiveTimeoutMs, patchHook } from '../cluster/hooks.ts'
import type { Command } from '../../src/commands/command.ts'
import { nameIn } from '../output/format.ts'

/** Ends what hooks have leased, before its time. */
export const end: Command = {
  arguments: chosenArguments,
  options: chosenOptions,
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const found = await chosenHooks(given, cluster, shell)
    // This machine's clock may be wrong. With a time in the past, nothing would end.
    const now = (await readServerTime(cluster.api, interactiveTimeoutMs)) ?? shell.clock.now()
    // A lease of this very second ends too.
    const endBefore = rfc3339(now + 1000)
    return await forEachHook(found, cluster, shell, async (hook, there) => {
      const open = hook.status?.leases?.open ?? 0
      await patchHook(there, hook.metadata.name, { spec: { endBefore } })
      const what =
        open === 0 ? 'ends all leases (its status shows none)' : open === 1 ? 'ends 1 lease' : `ends ${open} leases`
      shell.out.write(`${nameIn(hook, cluster.namespace)} ${what}\n`)
    })
  },
  details:
    'Within seconds the hooks undo the changes that they made with `for`, unless someone else has set the count since. Later posts make new leases, unless you suspend the hooks first.',
  examples: [
    { line: 'end web-sale', means: 'the sale is over' },
    { line: 'end -l team=shop', means: 'the hooks with a label' },
  ],
}
