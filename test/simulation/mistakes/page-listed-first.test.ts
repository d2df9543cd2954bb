import '../../support/mistakes/page-listed-first.ts'
import { isFound } from './mistake.ts'

isFound(import.meta.url)
