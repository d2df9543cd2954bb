#!/usr/bin/env node
/** Runs the program as the kubectl plugin `kubectl receiverhook`. */
import { commands } from './registry.ts'
import { startProgram } from '../cli/start.ts'

startProgram(process, 'kubectl receiverhook', commands)
