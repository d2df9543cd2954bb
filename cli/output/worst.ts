import { authOf, type Auth, type IssuerAuth, type SecretAuth } from '../../src/api/auth.ts'
import { milliseconds } from '../../src/api/duration.ts'
import { defaultRateLimit, type HookSpec } from '../../src/api/hook.ts'
import { hasNamedURL } from '../../src/api/named.ts'
import { windowsInWords } from '../../src/api/opening.ts'
import type { Bound } from '../../src/drivers/driver.ts'

/**
 * Says in a few sentences what a holder of a hook's URL can do at worst: what, how often, what else
 * is needed, and until when. `expires` says when the URL expires, such as `on 2026-12-01`.
 */
export const worstOf = (spec: HookSpec, { worst }: Pick<Bound, 'worst'>, expires?: string): readonly string[] => {
  const auth = authOf(spec.auth)
  if (hasNamedURL(spec) && auth && auth.form !== 'sns') return worstOfNamed(spec, worst, auth)
  return [
    `Anyone with the URL can ${worst}.`,
    ...approvalOf(spec),
    `${frequencyOf(spec)}${timesOf(spec)}`,
    proofOf(auth),
    `That ends ${expires === undefined ? '' : `${expires}, or `}when you rotate the token, or suspend or delete the hook.`,
  ]
}

/** Says the same of a hook whose URL has its name. The Secret is then all that a sender needs. */
const worstOfNamed = (spec: HookSpec, worst: string, auth: SecretAuth | IssuerAuth): readonly string[] => [
  auth.form === 'oidc'
    ? `Anyone with a token from ${auth.issuer} with the claims of spec.auth.oidc can ${worst}.`
    : `Anyone with the value in Secret/${auth.secret} (spec.auth.${auth.form}) can ${worst}.`,
  ...approvalOf(spec),
  `${frequencyOf(spec)}${timesOf(spec)}`,
  auth.form === 'path' ? 'The URL ends with that secret, so anyone with the URL can, too.' : 'The URL is no secret.',
  `That ends when you change ${auth.form === 'oidc' ? 'spec.auth' : 'the Secret'}, or suspend or delete the hook.`,
]

const approvalOf = ({ approval }: HookSpec): readonly string[] =>
  approval ? [`A person has to approve each change first, within ${approval.within}. Up to 16 wait.`] : []

const frequencyOf = (spec: HookSpec): string => {
  const { cooldown, limits = [], onResolved, rateLimit = defaultRateLimit } = spec
  const cooldownMs = milliseconds(cooldown) ?? 0
  const bounds: readonly Bounded[] = [
    ...(cooldownMs > 0 ? [{ text: `one post in ${cooldown} counts`, most: 1, withinMs: cooldownMs }] : []),
    ...limits.flatMap(({ most, within }) =>
      most === undefined
        ? []
        : [
            {
              text: `${most} ${most === 1 ? 'post counts' : 'posts count'} within ${within}`,
              most,
              withinMs: milliseconds(within) ?? hourMs,
            },
          ],
    ),
  ]
  const often =
    bounds.length === 0
      ? `Each post counts, up to ${rateLimit.perSecond.toLocaleString('en')} a second for each trigger replica: spec.cooldown spaces them out.`
      : frequencyIn(bounds)
  const moves = limits.flatMap(({ by, within }) => (by === undefined ? [] : `by at most ${by} within ${within}`))
  const far = moves.length === 0 ? '' : ` Together they move the count ${moves.join(', and ')}.`
  const otherwise =
    limits.length > 0 && onResolved === 'undo' ? ' Beyond that a post can only undo the changes of an alert.' : ''
  return `${often}${far}${otherwise}`
}

/** How many posts count within a time, and the same in words. */
interface Bounded {
  readonly text: string
  readonly most: number
  readonly withinMs: number
}

/** Says how often posts count, and how many in an hour if that is not clear from it. */
const frequencyIn = (bounds: readonly Bounded[]): string => {
  const perHour = Math.min(...bounds.map(({ most, withinMs }) => most * Math.ceil(hourMs / withinMs)))
  const isSaid = perHour === 1 || bounds.every(({ withinMs }) => withinMs === hourMs)
  const text = bounds.map(bound => bound.text).join(', and ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${isSaid ? '' : `, so at most ${perHour} an hour`}.`
}

const timesOf = ({ onResolved, windows }: HookSpec): string => {
  if (windows === undefined) return ''
  const otherwise = onResolved === 'undo' ? ' At other times a post can only undo the changes of an alert.' : ''
  return ` Posts count only ${windowsInWords(windows)}.${otherwise}`
}

const hourMs = 3_600_000

const proofOf = (auth: Auth | undefined): string => {
  if (auth === undefined) return 'The URL is enough: with spec.auth a sender must also prove who it is.'
  if (auth.form === 'sns')
    return `The URL is not enough: Amazon must have signed the message for the topic ${auth.topicArn}.`
  if (auth.form === 'oidc') {
    return `The URL is not enough: you also need a token from ${auth.issuer} with the claims of spec.auth.oidc.`
  }
  return `The URL is not enough: you also need the value in Secret/${auth.secret} (spec.auth.${auth.form}).`
}
