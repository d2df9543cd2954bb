import type { CommandEntry } from '../src/commands/command.ts'

/**
 * The commands for people and scripts, the most used first. `src/registry.ts` has a few
 * more. To add one, add a file and a line here.
 */
export const cliCommands: readonly CommandEntry[] = [
  {
    name: 'get',
    aliases: ['list'],
    group: 'Hooks',
    summary: 'show hooks: what they do, to what, and what they last did',
    load: async () => (await import('./commands/get.ts')).get,
  },
  {
    name: 'describe',
    group: 'Hooks',
    summary: 'show a hook in words, with its last deliveries and what to do',
    load: async () => (await import('./commands/describe.ts')).describe,
  },
  {
    name: 'url',
    group: 'Hooks',
    summary: "print a hook's URL",
    load: async () => (await import('./commands/url.ts')).url,
  },
  {
    name: 'trigger',
    group: 'Hooks',
    summary: 'post to a hook',
    load: async () => (await import('./commands/trigger.ts')).trigger,
  },
  {
    name: 'run',
    group: 'Hooks',
    summary: 'run a hook through a request in the cluster, without its URL',
    load: async () => (await import('./commands/run.ts')).run,
  },
  {
    name: 'mcp',
    group: 'Hooks',
    summary: 'give an agent hooks as tools',
    load: async () => (await import('./commands/mcp.ts')).mcp,
  },
  {
    name: 'pending',
    group: 'Hooks',
    summary: 'list the requests that wait for approval',
    load: async () => (await import('./commands/pending.ts')).pending,
  },
  {
    name: 'approve',
    group: 'Hooks',
    summary: 'approve what a request would do',
    load: async () => (await import('./commands/approve.ts')).approve,
  },
  {
    name: 'deny',
    group: 'Hooks',
    summary: 'deny a request',
    load: async () => (await import('./commands/approve.ts')).deny,
  },
  {
    name: 'watch',
    group: 'Hooks',
    summary: 'show deliveries as they arrive',
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  {
    name: 'why',
    group: 'Hooks',
    summary: "explain an object's count: who set it, and what hooks changed",
    load: async () => (await import('./commands/why.ts')).why,
  },
  {
    name: 'create',
    group: 'Hooks',
    summary: 'create a hook, or write its manifest',
    load: async () => (await import('./commands/create.ts')).createCommand,
  },
  {
    name: 'set',
    group: 'Hooks',
    summary: "change a hook's fields",
    load: async () => (await import('./commands/set.ts')).set,
  },
  {
    name: 'clone',
    group: 'Hooks',
    summary: 'create a hook like another one',
    load: async () => (await import('./commands/clone.ts')).clone,
  },
  {
    name: 'delete',
    group: 'Hooks',
    summary: 'delete hooks, and their URLs with them',
    load: async () => (await import('./commands/delete.ts')).deleteCommand,
  },
  {
    name: 'suspend',
    group: 'Hooks',
    summary: 'answer posts, but skip them',
    load: async () => (await import('./commands/suspend.ts')).suspend,
  },
  {
    name: 'resume',
    group: 'Hooks',
    summary: 'let posts run the hook again',
    load: async () => (await import('./commands/suspend.ts')).resume,
  },
  {
    name: 'end',
    group: 'Hooks',
    summary: 'end the leases of hooks before their time',
    load: async () => (await import('./commands/end.ts')).end,
  },
  {
    name: 'rotate',
    group: 'Hooks',
    summary: 'give a hook a new URL',
    load: async () => (await import('./commands/rotate.ts')).rotateCommand,
  },
  {
    name: 'snippet',
    group: 'Senders',
    summary: "write a sender's configuration for a hook",
    load: async () => (await import('./commands/snippet.ts')).snippet,
  },
  {
    name: 'inspect-token',
    group: 'Senders',
    summary: 'show which hook a URL is for, and whether it still works',
    load: async () => (await import('./commands/inspect-token.ts')).inspectToken,
  },
  {
    name: 'import',
    group: 'Senders',
    summary: 'write manifests from the receivers of Rancher 1.x',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  {
    name: 'stop',
    group: 'This installation',
    summary: 'stop all hooks: every post gets 503 and changes nothing',
    load: async () => (await import('./commands/stop.ts')).stop,
  },
  {
    name: 'start',
    group: 'This installation',
    summary: 'let all hooks run again after stop',
    load: async () => (await import('./commands/stop.ts')).start,
  },
  {
    name: 'keys',
    group: 'This installation',
    summary: 'list, rotate and drop the keys that URLs are signed with',
    load: async () => (await import('./commands/keys.ts')).keys,
  },
]
