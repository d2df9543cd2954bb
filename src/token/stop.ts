/**
 * The switch that stops all hooks of an installation: annotations of the ConfigMap with the public
 * keys. A trigger acts on a token only if it knows the present version of this ConfigMap. So it
 * always knows the switch too.
 */

/** The annotation that stops all hooks while it is present. Its value is the reason. */
const stopAnnotation = 'receiverhooks.dev/stop'

/** The annotation with the value `true` if `onResolved: undo` is stopped too. */
const stopAllAnnotation = 'receiverhooks.dev/stop-all'

/** The annotation that says when hooks were stopped, in RFC 3339. */
const stoppedAtAnnotation = 'receiverhooks.dev/stopped-at'

/** How all hooks of an installation are stopped, and why. */
export interface Stop {
  /** The reason that a person gave, or empty. */
  readonly reason: string
  /** False if alerts that end still take back what their firings changed. */
  readonly all: boolean
  readonly at: string | undefined
}

/**
 * Returns how hooks are stopped according to the annotations of the ConfigMap, or undefined if they
 * are not stopped.
 */
export const stopIn = (annotations: Readonly<Record<string, string>> | undefined): Stop | undefined => {
  const reason = annotations?.[stopAnnotation]
  return reason === undefined
    ? undefined
    : { reason, all: annotations?.[stopAllAnnotation] === 'true', at: annotations?.[stoppedAtAnnotation] }
}

/**
 * Returns the patch of annotations that stops all hooks. If `stop` is undefined, the patch lets
 * them run again.
 */
export const stopPatch = (stop: Stop | undefined): Readonly<Record<string, string | null>> => ({
  [stopAnnotation]: stop?.reason ?? null,
  [stopAllAnnotation]: stop?.all === true ? 'true' : null,
  [stoppedAtAnnotation]: stop?.at ?? null,
})

/** Says how hooks are stopped, for the people who run the installation. Senders do not see the reason. */
export const stopText = ({ all, at, reason }: Stop): string =>
  [
    at === undefined ? 'all hooks are stopped' : `all hooks have been stopped since ${at}`,
    all ? ', and alerts that end take nothing back' : '',
    reason === '' ? '' : `: ${reason}`,
  ].join('')
