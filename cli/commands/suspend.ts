import { chosenArguments, chosenHooks, chosenOptions, forEachHook } from '../cluster/chosen.ts'
import { openCluster } from '../cluster/cluster.ts'
import { patchHook } from '../cluster/hooks.ts'
import type { Command } from '../../src/commands/command.ts'
import { nameIn } from '../output/format.ts'

const switching = (suspended: boolean): Omit<Command, 'details' | 'examples'> => ({
  arguments: chosenArguments,
  options: chosenOptions,
  run: async (given, shell) => {
    const cluster = await openCluster(given, shell)
    const found = await chosenHooks(given, cluster, shell)
    return await forEachHook(found, cluster, shell, async (hook, there) => {
      const already = hook.spec.suspend === suspended
      if (!already) await patchHook(there, hook.metadata.name, { spec: { suspend: suspended } })
      const did = `${already ? 'was already ' : ''}${suspended ? 'suspended' : 'resumed'}`
      shell.out.write(`${nameIn(hook, cluster.namespace)} ${did}\n`)
    })
  },
})

/** Suspends hooks: their posts are answered and skipped. */
export const suspend: Command = {
  ...switching(true),
  details: 'Within two seconds, posts get 200 and are skipped, until you resume the hook. The URL stays the same.',
  examples: [
    { line: 'suspend web-up web-down', means: 'two hooks, during a deployment' },
    { line: 'suspend -l team=shop', means: 'the hooks with a label' },
    { line: 'suspend --all -A', means: 'every hook in the cluster, in an alert storm' },
  ],
}

/** Resumes hooks: from then on, posts run them again. */
export const resume: Command = {
  ...switching(false),
  details: "Posts that arrived meanwhile were skipped. They don't run later.",
  examples: [
    { line: 'undo a suspend', means: 'what suspend has stopped' },
    { line: 'resume -l team=shop', means: 'the hooks with a label' },
  ],
}
