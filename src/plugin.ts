#!/usr/bin/env node
/** Runs the program as the kubectl plugin `kubectl receiverhook`. */
import { commands } from './commands/registry.ts'
import { startProgram } from './start.ts'

startProgram(process, 'kubectl receiverhook', commands)
