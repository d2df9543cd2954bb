import '../../support/mistakes/page-swept.ts'
import { isFound } from './mistake.ts'

isFound(import.meta.url)
