#!/usr/bin/env node
import { commands } from './commands/registry.ts'
import { startProgram } from './start.ts'

startProgram(process, 'receiver-hooks', commands)
