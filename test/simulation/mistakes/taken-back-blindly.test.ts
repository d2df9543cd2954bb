import '../../support/mistakes/taken-back-blindly.ts'
import { isFound } from './mistake.ts'

isFound(import.meta.url)
