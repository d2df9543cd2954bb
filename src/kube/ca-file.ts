import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ServerAccess } from '../environment/access.ts'
import type { Clock } from '../environment/environment.ts'
import { askAgainMs, cachedFor } from './remembered.ts'

/**
 * Reads the CA certificates in a file. The file is read again before a socket is opened, because
 * the kubelet replaces it when the cluster gets a new CA. While the file has no certificate or
 * cannot be read, its last good content is used.
 */
export const caFrom = async (file: string, clock: Clock): Promise<Required<Pick<ServerAccess, 'ca' | 'tls'>>> => {
  const first = await readFile(file, 'utf8')
  let ca = first
  const reread = cachedFor(clock, askAgainMs, async () => {
    const content = await readFile(file, 'utf8')
    if (content !== ca && isCertificate(content)) ca = content
  })
  return {
    tls: { ca: first },
    ca: async () => {
      await reread().catch(() => undefined)
      return ca
    },
  }
}

const isCertificate = (content: string): boolean => {
  try {
    return new X509Certificate(content).raw.length > 0
  } catch {
    return false
  }
}
