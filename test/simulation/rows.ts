import { at, isObject, stringAt, tryParseJson } from '../../src/api/json.ts'
import type { Row } from '../../src/api/record.ts'

/** The rows in the content of a record, which the product has written and is not judged here. */
export const rowsIn = (content: unknown): readonly Row[] => {
  const rows = typeof content === 'string' ? at(tryParseJson(content), 'rows') : undefined
  return Array.isArray(rows) ? rows.filter(isRow) : []
}

const isRow = (row: unknown): row is Row =>
  isObject(row) && stringAt(row, 'key') !== undefined && typeof row['at'] === 'number'
