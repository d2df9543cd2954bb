import { shellWord } from '../snippets/shell-word.ts'
import type { ParsedLine } from '../../src/commands/command.ts'
import { accessOptions } from './cluster.ts'

/**
 * Returns the given flags that choose the cluster and the user, each with a blank before it. A printed
 * command needs them, because without them it would be for another cluster.
 */
export const clusterFlags = (given: ParsedLine): string =>
  accessOptions
    .filter(({ flag }) => flag !== 'request-timeout')
    .flatMap(option => [given.get(option)].flat().map(value => ({ flag: option.flag, value })))
    .map(({ flag, value }) => (typeof value === 'string' ? ` --${flag} ${shellWord(value)}` : ''))
    .join('')
