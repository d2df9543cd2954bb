import '../../support/mistakes/helped-silently.ts'
import { isFoundByScripts } from '../../support/step-mistake.ts'

isFoundByScripts(import.meta.url)
