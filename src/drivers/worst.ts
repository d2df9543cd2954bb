import { authOf, type Auth, type IssuerAuth, type SecretAuth } from '../api/auth.ts'
import { milliseconds } from '../api/duration.ts'
import { defaultRateLimit, type HookSpec } from '../api/hook.ts'
import { hasNamedURL } from '../api/named.ts'
import { windowsInWords } from '../api/opening.ts'
import type { Bound } from './driver.ts'

/**
 * Says in a few sentences what a holder of a hook's URL can do at worst: what, how often, what else
 * is needed, and until when. `expires` says when the URL expires, such as `on 2026-12-01`.
 */
export const worstOf = (spec: HookSpec, { worst }: Pick<Bound, 'worst'>, expires?: string): readonly string[] => {
  const auth = authOf(spec.auth)
  if (hasNamedURL(spec) && auth && auth.form !== 'sns') return worstOfNamed(spec, worst, auth)
  return [
    `A holder of the URL can ${worst}.`,
    `${frequencyOf(spec)}${timesOf(spec)}`,
    proofOf(auth),
    `That ends ${expires === undefined ? '' : `${expires}, or `}when you rotate the token, or suspend or delete the hook.`,
  ]
}

/** Says the same of a hook whose URL has its name. The Secret is then all that a sender needs. */
const worstOfNamed = (spec: HookSpec, worst: string, auth: SecretAuth | IssuerAuth): readonly string[] => [
  auth.form === 'oidc'
    ? `Anybody with a token of ${auth.issuer} with the claims of spec.auth.oidc can ${worst}.`
    : `A holder of what is in Secret/${auth.secret} (spec.auth.${auth.form}) can ${worst}.`,
  `${frequencyOf(spec)}${timesOf(spec)}`,
  auth.form === 'path' ? 'The URL ends with that secret, so a holder of the URL can, too.' : 'The URL is no secret.',
  `That ends when you change ${auth.form === 'oidc' ? 'spec.auth' : 'the Secret'}, or suspend or delete the hook.`,
]

const frequencyOf = ({ cooldown, rateLimit = defaultRateLimit }: HookSpec): string => {
  const cooldownMs = milliseconds(cooldown) ?? 0
  const perHour = Math.ceil(hourMs / cooldownMs)
  return cooldownMs > 0
    ? `One post in ${cooldown} counts${perHour > 1 ? `, so ${perHour} in an hour at most` : ''}.`
    : `Each post counts, up to ${rateLimit.perSecond.toLocaleString('en')} a second for each replica of the trigger: spec.cooldown spaces them.`
}

const timesOf = ({ onResolved, windows }: HookSpec): string => {
  if (windows === undefined) return ''
  const otherwise = onResolved === 'undo' ? ' At other times a post can only take back what an alert changed.' : ''
  return ` Posts count only ${windowsInWords(windows)}.${otherwise}`
}

const hourMs = 3_600_000

const proofOf = (auth: Auth | undefined): string => {
  if (auth === undefined) return 'The URL is enough: with spec.auth a sender must prove who it is, too.'
  if (auth.form === 'sns') return `The URL is not enough: Amazon must have signed the message, for ${auth.topicArn}.`
  if (auth.form === 'oidc') {
    return `The URL is not enough: a holder also needs a token of ${auth.issuer} with the claims of spec.auth.oidc.`
  }
  return `The URL is not enough: a holder also needs what is in Secret/${auth.secret} (spec.auth.${auth.form}).`
}
