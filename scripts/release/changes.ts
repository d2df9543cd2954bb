/** What a changelog says of a release. */
export interface Changes {
  /** The version of the section, or Unreleased where that version has none yet. */
  readonly section: string
  readonly text: string
}

/** Returns the section of a version in a changelog in the form of Keep a Changelog. Throws where there is none at all. */
export const changesOf = (changelog: string, version: string): Changes => {
  for (const section of [version, 'Unreleased']) {
    const [, ...rest] = changelog.split(`\n## [${section}]`)
    if (rest.length > 0) {
      const [, ...lines] = rest.join(`\n## [${section}]`).split('\n')
      const end = lines.findIndex(line => line.startsWith('## '))
      return {
        section,
        text: `${lines
          .slice(0, end === -1 ? undefined : end)
          .join('\n')
          .trim()}\n`,
      }
    }
  }
  throw new Error(`CHANGELOG.md has neither a section ${version} nor one of what is not released yet`)
}

/** One change, as Artifact Hub shows it: https://artifacthub.io/docs/topics/annotations/helm/. */
interface ListedChange {
  readonly kind: string
  readonly description: string
}

/** Returns the changes of a section one by one, each with the heading that it stands under: `Added` is the kind `added`. */
export const listedChanges = (text: string): readonly ListedChange[] =>
  text
    .split(/^### /m)
    .slice(1)
    .flatMap(part => {
      const [heading = '', ...lines] = part.split('\n')
      return lines
        .join('\n')
        .split(/^- /m)
        .slice(1)
        .map(item => ({ kind: heading.trim().toLowerCase(), description: item.trim().replaceAll(/\s*\n\s*/g, ' ') }))
    })
