import { generated } from './markdown.ts'

/** The page that shows what `--help` prints. */
export const commandPage = (usage: string): string => `${generated}
# Command line

\`\`\`text
${usage.trimEnd()}
\`\`\`
`
