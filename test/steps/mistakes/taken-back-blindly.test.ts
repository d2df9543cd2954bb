import '../../support/mistakes/taken-back-blindly.ts'
import { isFoundByScripts } from '../../support/step-mistake.ts'

isFoundByScripts(import.meta.url)
