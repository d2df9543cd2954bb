#!/usr/bin/env node
/** The same program, as kubectl's plugin: `kubectl receiverhook`. */
import { commands } from './commands/registry.ts'
import { startProgram } from './start.ts'

startProgram(process, 'kubectl receiverhook', commands)
