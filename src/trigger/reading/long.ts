import { smallBodyBytes } from '../limits.ts'

/** True if a body may be so long that to read it would stop the event loop; by its head alone. */
export const mayBeLong = (headers: Readonly<Record<string, unknown>>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > smallBodyBytes
