import type { RecordOwner, Page } from './memory.ts'
import { stringAt } from '../api/json.ts'
import { apiVersion, hookKind } from '../api/names.ts'
import { parsePage, recordKind, storedPage } from '../api/record.ts'
import type { ApiConnection } from '../environment/environment.ts'
import { ObjectTooLarge } from '../kube/errors.ts'
import { collectionPath, objectPath } from '../kube/paths.ts'
import { readOfAnyKind } from '../kube/requests.ts'
import { records } from '../kube/resources.ts'
import { bytesOf, sendWrite, type Charge, type Sent } from '../kube/written.ts'

/** The time limit of one request for a page, in milliseconds. */
const requestWithinMs = 2000

export type PageRead =
  | {
      readonly read: 'found'
      readonly page: Page
      /** The length of the page's content. Present only if the page was just read. */
      readonly chars?: number
    }
  /** There is no page with this name. */
  | { readonly read: 'gone' }
  /** A newer program wrote the page. */
  | { readonly read: 'newer'; readonly format: number }
  | { readonly read: 'unreadable' }

/** Reads a page. Throws ApiError, Unreachable or UnknownKind. */
export const readPage = async (api: ApiConnection, { namespace }: RecordOwner, name: string): Promise<PageRead> => {
  const object = await orTooLarge(
    readOfAnyKind(api, records, namespace, name, { lane: 'step', timeoutMs: requestWithinMs }),
  )
  if (object === 'too large') return { read: 'unreadable' }
  if (!object) return { read: 'gone' }
  const content = stringAt(object, 'content') ?? ''
  const parsed = parsePage(content)
  if (parsed.content !== 'known')
    return parsed.content === 'newer' ? { read: 'newer', format: parsed.format } : { read: 'unreadable' }
  return { read: 'found', page: { name, rows: parsed.rows }, chars: content.length }
}

const orTooLarge = async <T>(reading: Promise<T>): Promise<T | 'too large'> => {
  try {
    return await reading
  } catch (error) {
    if (!(error instanceof ObjectTooLarge)) throw error
    return 'too large'
  }
}

export const createPage = async (
  api: ApiConnection,
  { namespace, name: hook, uid }: RecordOwner,
  { name, rows }: Page,
  charge: Charge,
): Promise<Sent> => {
  const object = {
    apiVersion,
    kind: recordKind,
    metadata: { name, namespace, ownerReferences: [{ apiVersion, kind: hookKind, name: hook, uid }] },
    content: JSON.stringify(storedPage(rows)),
  }
  const body = JSON.stringify(object)
  const sent = await sendWrite(
    api,
    {
      method: 'POST',
      path: collectionPath(records, namespace),
      body,
      as: 'metadata',
      lane: 'step',
      timeoutMs: requestWithinMs,
    },
    'storing a page of the record',
  )
  if (sent.sent === 'stored') charge(bytesOf(body) + bytesOf(sent.response.body))
  if (sent.sent === 'unknown') charge(bytesOf(body))
  return sent
}

/** Deletes a page that no record lists. If this fails, the page is deleted with its hook. */
export const deletePage = async (api: ApiConnection, { namespace }: RecordOwner, name: string): Promise<Sent> =>
  await sendWrite(
    api,
    {
      method: 'DELETE',
      path: objectPath(records, namespace, name),
      as: 'metadata',
      lane: 'step',
      timeoutMs: requestWithinMs,
    },
    'deleting a page of the record',
  )
