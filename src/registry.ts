import type { CommandEntry } from './commands/command.ts'
import { version } from './version.ts'
import { cliCommands } from '../cli/registry.ts'

/** The oldest major version of Node for the servers: the one with which they are tested and measured. */
const servesOn = 24

/** The commands that run until a signal. */
const servers: readonly CommandEntry[] = [
  {
    name: 'serve',
    group: 'Servers',
    summary: 'run the controller and the trigger endpoint against a cluster',
    minNode: servesOn,
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  {
    name: 'playground',
    group: 'Servers',
    summary: 'run everything here, on an in-memory API server',
    minNode: servesOn,
    load: async () => (await import('../apiserver/playground/command.ts')).playground,
  },
  {
    name: 'sample',
    group: 'Servers',
    summary: 'serve the sample workload of the tutorial, or visit it',
    load: async () => (await import('../deploy/examples/tutorial/shop/command.ts')).sample,
  },
  {
    name: 'dashboard',
    group: 'Servers',
    summary: 'serve the dashboard, a web page for your hooks',
    load: async () => (await import('../dashboard/command.ts')).dashboard,
  },
]

/** All commands. To add one, add a file and a line here. */
export const commands: readonly CommandEntry[] = [
  ...cliCommands,
  {
    name: 'doctor',
    group: 'This installation',
    summary: 'check the installation and its hooks, and say what to do',
    load: async () => (await import('../cli/commands/doctor.ts')).doctorOf(version),
  },
  ...servers,
  {
    name: 'completion',
    group: 'Other',
    summary: 'print a script that completes commands, flags and names',
    load: async () => (await import('../cli/commands/completion.ts')).completion,
  },
  {
    name: 'version',
    group: 'Other',
    summary: 'print the version',
    load: async () => (await import('../cli/commands/version.ts')).versionCommand(version),
  },
]
