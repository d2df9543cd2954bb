import type { ApiConnection, ApiRequest, ApiResponse, Clock } from '../../src/environment/environment.ts'
import { Unreachable } from '../../src/environment/unreachable.ts'
import { wait } from '../../src/environment/wait.ts'
import { noApi } from './environment.ts'

/** What happens to one request on its way. */
export type NetworkFault =
  | 'answered'
  /** It takes effect, and its answer is lost. */
  | 'answer lost'
  /** It is lost, which looks the same from here. */
  | 'lost on its way'
  /** It surely never arrives. */
  | 'never arrives'
  /** It is given up for lost, and takes effect so many milliseconds after that. */
  | { readonly landsAfter: number }
  /** It takes effect, and the server says that it failed. */
  | { readonly saysInstead: ApiResponse }
  /** The server does not look at it and gives this answer. */
  | { readonly declined: ApiResponse }

/** How things go on the way between one process and the server. */
export interface Network {
  readonly fault: (request: ApiRequest) => NetworkFault
  /** How long one direction takes, in milliseconds. */
  readonly latencyMs: () => number
  /** A dead process's requests are not sent, and what was on its way is never answered. */
  readonly isDead: () => boolean
}

/** Returns a connection in fake time on whose way anything can happen. */
export const faultyConnection = (
  clock: Clock,
  handle: (request: ApiRequest) => ApiResponse,
  { fault, isDead, latencyMs }: Network,
): ApiConnection => {
  const never = new Promise<never>(() => {})
  const onItsWay = async (): Promise<void> => {
    await wait(clock, latencyMs())
  }
  return {
    ...noApi,
    request: async request => {
      if (isDead()) return await never
      const became = fault(request)
      const lost = async (mayHaveArrived: boolean): Promise<never> => {
        await onItsWay()
        if (isDead()) return await never
        throw new Unreachable('the connection broke', mayHaveArrived)
      }
      if (became === 'never arrives') return await lost(false)
      if (became === 'lost on its way') return await lost(true)
      if (typeof became === 'object' && 'landsAfter' in became) {
        const after = became.landsAfter
        void onItsWay().then(() => clock.after(after, () => void handle(request)))
        return await lost(true)
      }
      await onItsWay()
      if (typeof became === 'object' && 'declined' in became) return became.declined
      const response = handle(request)
      if (became === 'answer lost') return await lost(true)
      await onItsWay()
      if (isDead()) return await never
      return typeof became === 'object' ? became.saysInstead : response
    },
  }
}
