#!/usr/bin/env node
import { commands } from './registry.ts'
import { startProgram } from '../cli/start.ts'

startProgram(process, 'receiver-hooks', commands)
