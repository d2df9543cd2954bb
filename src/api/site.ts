/** The address at which docs/ is published. Set it before the first release, with the addresses of scripts/release/project.ts. */
export const site = 'https://receiverhooks.dev'

/** Returns the address of a page of docs/, such as `docs/how-to/install.md#with-helm`. */
export const pageURL = (page: string): string =>
  page.replace(/^docs\/(?:README|(.+))\.md/, (_, path?: string) =>
    path === undefined ? `${site}/` : `${site}/${path}/`,
  )
