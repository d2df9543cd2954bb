import type { JsonObject } from './json.ts'
import type { Obj, Properties, Stored } from './schema.ts'

/** The longest member, and the longest of all members together, in characters. */
const maxMember = 160
const maxMembers = 320

const text = (description: string) => ({ type: 'string', maxLength: maxMember, description }) as const

/** Who can be proved to have sent a delivery. */
export const senderMembers = {
  user: text('The user or service account that created the ReceiverHookRequest.'),
  repository: text(
    'The repository whose pipeline sent it: the claim `repository` of GitHub, `project_path` of GitLab.',
  ),
  run: text('The run of that pipeline: `run_id` and `run_attempt` of GitHub, `job_id` of GitLab.'),
  sha: text('The commit of that run.'),
  subject: text('The `sub` claim of the ID token.'),
  issuer: text('The `iss` claim of the ID token.'),
  secret: text('The Secret entry that proved it, as in `ci/token`.'),
} as const satisfies Properties

/** Who has sent a delivery. What is not proved is absent. */
export const bySchema = {
  type: 'object',
  description: 'Who sent it, as far as `auth` proves that: [who sent a delivery](http.md#who-sent-it).',
  properties: {
    ...senderMembers,
    decidedBy: text('Who approved or denied the ReceiverHookRequest, if its hook has `approval`.'),
  },
} as const satisfies Obj

export type By = Stored<typeof bySchema>

/** A post that has proved what `auth` asks for. */
export interface Proved {
  readonly by: By | undefined
}

/** A post that has proved as much as is asked, and names nobody. */
export const nobody: Proved = { by: undefined }

/** Printable ASCII: it is shown in terminals. */
const printable = /^[\x20-\x7e]+$/

/** Returns what may be shown of `members`, in their order: nothing that is cut, and no more than there is room for. */
const fitting = (members: { readonly [Name in keyof By]?: unknown }): By | undefined => {
  let room = maxMembers
  const kept = Object.entries(members).flatMap(([name, value]) => {
    const isKept = typeof value === 'string' && value.length <= Math.min(maxMember, room) && printable.test(value)
    if (isKept) room -= value.length
    return isKept ? [[name, value] as const] : []
  })
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

const textOf = (claim: unknown): string | undefined =>
  typeof claim === 'number' ? String(claim) : typeof claim === 'string' ? claim : undefined

/**
 * Returns whom the claims of an ID token name. Call it with claims whose signature has been verified.
 * A person's name or address is never among them.
 */
export const byClaims = (claims: JsonObject): By | undefined => {
  const [run, attempt = 1] = ['run_id', 'run_attempt'].map(name => textOf(claims[name]))
  const ofGitHub = run === undefined ? undefined : `${run}-${attempt}`
  return fitting({
    repository: claims['repository'] ?? claims['project_path'],
    run: textOf(claims['job_id']) ?? ofGitHub,
    sha: claims['sha'],
    subject: claims['sub'],
    issuer: claims['iss'],
  })
}

/** Returns the proof by an entry of a Secret. */
export const byEntry = (secret: string, key: string): By | undefined => fitting({ secret: `${secret}/${key}` })

/** Says in words who has sent a delivery, as in `acme/web run 12-1`, or the name of a user. Empty if nothing is proved. */
export const byInWords = ({ decidedBy, ...sender }: By = {}): string =>
  decidedBy === undefined ? senderInWords(sender) : `${askerInWords(sender)}, decided by ${decidedBy}`

/** Says in words who has asked for what waits for approval. */
export const askerInWords = (sender: Sender): string => senderInWords(sender) || 'a post'

const senderInWords = ({ repository, run, secret, subject, user }: Sender): string => {
  if (repository !== undefined) return run === undefined ? repository : `${repository} run ${run}`
  return user ?? subject ?? (secret === undefined ? '' : `Secret/${secret}`)
}

type Sender = Omit<By, 'decidedBy'>
