import '../../support/mistakes/page-listed-first.ts'
import { isFoundByScripts } from '../../support/step-mistake.ts'

isFoundByScripts(import.meta.url)
