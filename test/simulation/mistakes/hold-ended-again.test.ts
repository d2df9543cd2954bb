import '../../support/mistakes/ended-again.ts'
import { isFound } from './mistake.ts'

isFound(import.meta.url)
