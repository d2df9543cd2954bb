import { at, tryParseJson } from '../../src/api/json.ts'
import { recordPlural } from '../../src/api/record.ts'
import type { ApiRequest } from '../../src/environment/environment.ts'
import { rowsIn } from './rows.ts'
import { writtenIn } from './written.ts'
import type { Simulation } from './simulation.ts'
import { isMark } from '../support/marks.ts'

/**
 * Takes note of each fold. What a process folds it sends at that very moment: the marked write itself, or first the claim
 * of it. A process that sends a mark of another one only helps. The instance in a mark says whose it is.
 */
export const foldWatcher = (note: Simulation['note']): ((process: string, request: ApiRequest) => void) => {
  const owners = new Map<string, string>()
  const last = new Map<string, string>()

  const folded = (process: string, mark: string, target: string, version: string, to: number): void => {
    const instance = mark.split('.')[1] ?? ''
    if (!owners.has(instance)) owners.set(instance, process)
    const fold = `${target} ${version} ${to}`
    if (owners.get(instance) !== process || last.get(mark) === fold) return
    last.set(mark, fold)
    note({ what: 'folded', process, mark, target, version, to })
  }

  return (process, { body = '', method, path, query }) => {
    const written = method === 'PATCH' ? writtenIn(path, body) : undefined
    const mark = written?.mark ?? query?.['fieldManager']
    if (written?.to !== undefined && mark !== undefined && isMark(mark)) {
      folded(process, mark, written.target, written.version, written.to)
    }
    if ((method === 'PUT' || method === 'POST') && path.includes(`/${recordPlural}`)) {
      for (const { claim } of body.includes('claim') ? rowsIn(at(tryParseJson(body), 'content')) : []) {
        if (claim) folded(process, claim.mark, nameIn(claim.target), claim.version, claim.to)
      }
    }
  }
}

/** The name of the object, without the way in which it is written. */
const nameIn = (target: string): string => /([^/ ]+)(?: .*)?$/.exec(target)?.[1] ?? ''
