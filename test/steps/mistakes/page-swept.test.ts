import '../../support/mistakes/page-swept.ts'
import { isFoundByScripts } from '../../support/step-mistake.ts'

isFoundByScripts(import.meta.url)
