import '../../support/mistakes/helped-silently.ts'
import { isFound } from './mistake.ts'

isFound(import.meta.url)
