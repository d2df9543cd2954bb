import { documentSays } from './browser.ts'

/** Returns the address of a page of the documentation, of the version that runs here. */
export const docsHref = (page: string): string => documentSays('docs') + page
