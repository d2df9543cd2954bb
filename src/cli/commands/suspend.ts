import { clusterOptions, openCluster } from '../cluster/cluster.ts'
import { hookName, patchHook, readHook } from '../cluster/hooks.ts'
import type { Command } from '../command.ts'
import { nameOf } from '../output/format.ts'

const switching = (suspended: boolean): Omit<Command, 'details' | 'examples'> => ({
  arguments: [{ name: 'NAME', means: 'the hooks', many: true, completes: 'hooks' }],
  options: clusterOptions,
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    for (const word of given.arguments) {
      const hook = await readHook(cluster, word)
      const already = hook.spec.suspend === suspended
      if (!already) await patchHook(cluster, hookName(word), { spec: { suspend: suspended } })
      shell.out.write(`${nameOf(hook)} ${already ? 'was already ' : ''}${suspended ? 'suspended' : 'resumed'}\n`)
    }
    return 0
  },
})

/** Posts are answered and skipped from now on. */
export const suspend: Command = {
  ...switching(true),
  details: 'Posts are answered 200 and skipped, within two seconds, until the hook is resumed. The URL stays.',
  examples: [{ line: 'suspend web-up web-down', means: 'two hooks, for the time of a deployment' }],
}

/** Posts count again. */
export const resume: Command = {
  ...switching(false),
  details: 'Posts that came meanwhile were skipped. They are not run later.',
  examples: [{ line: 'resume web-up web-down', means: 'what suspend has stopped' }],
}
