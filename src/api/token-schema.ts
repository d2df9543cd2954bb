import { durationRule, isDuration, milliseconds } from './duration.ts'
import { stringAt } from './json.ts'
import { namedTokenRules } from './named.ts'
import { nameLength, objectNameRule } from './names.ts'
import type { Obj, Rule, Stored } from './schema.ts'

/** The shortest life of a URL, in milliseconds. Senders could not follow more frequent changes. */
const minLifeMs = 60_000

const yearMs = 365 * 24 * 3_600_000

/**
 * The rule that a duration is at most a year. A longer one is a mistake. A very long one would end
 * after the last date that JavaScript has.
 */
const noLongerThanAYear = {
  rule: `!${isDuration('self')} || duration(self) <= duration('8760h')`,
  message: 'must be at most 8760h (a year)',
  holds: self => typeof self === 'string' && (milliseconds(self) ?? 0) <= yearMs,
} as const satisfies Rule

/**
 * The settings of the token. `rotation` can only rise, so a revert in Git never makes a leaked URL
 * valid again.
 */
export const tokenSchema = {
  type: 'object',
  title: 'Its URL',
  description: 'The trigger token in the URL.',
  hint: '',
  default: {},
  properties: {
    secretName: {
      type: 'string',
      title: 'Secret for the URL',
      maxLength: nameLength,
      description:
        'The controller creates this Secret and puts the URL and the token into it (keys `url` and `token`), instead of into the status, where anyone who may get the hook can read them. It needs a right to Secrets in the namespace.',
      hint: "The controller creates this Secret, and puts the URL into it. Without a Secret the URL is in the hook's status, and anyone who may get the hook can run it. The controller needs a right to Secrets in the namespace.",
      'x-kubernetes-validations': [objectNameRule],
    },
    url: {
      type: 'string',
      title: 'What the URL contains',
      enum: ['token', 'named'],
      titles: { token: 'A token, which is its secret', named: "The hook's name, and no secret" },
      description:
        "token: the URL ends with a token. named: the URL has the hook's namespace and name and no token, so `auth` alone opens it. A named URL stays the same when you create the hook again. By default token.",
      hint: "With a name, the URL isn't secret, and stays the same when you create the hook again: only the proof under “What a post must prove” opens it. A token by default.",
    },
    rotation: {
      type: 'integer',
      title: 'Rotation',
      format: 'int64',
      minimum: 0,
      maximum: 2_147_483_647,
      default: 0,
      description: "Raise it to get a new URL. You can't lower it, so an old URL never comes back.",
      'x-kubernetes-validations': [
        {
          rule: 'self >= oldSelf',
          message: "can't be lowered: raise it to get a new URL; an old one never comes back",
        },
      ],
    },
    overlap: {
      type: 'string',
      title: 'An old URL works for',
      maxLength: 32,
      default: '5m',
      description:
        'How long an old URL keeps working next to the new one, after a rotation and before an expiry. "0s" ends a leaked URL at once.',
      'x-kubernetes-validations': [durationRule, noLongerThanAYear],
    },
    expiresAfter: {
      type: 'string',
      title: 'A URL expires after',
      maxLength: 32,
      description:
        "URLs expire at regular times: every `expiresAfter`, counted from the hook's creation. The next URL is published `overlap` before that. URLs issued before you set this field keep their expiry: raise `rotation` to end those. At least 1m. By default a URL doesn't expire.",
      hint: "URLs expire at regular times, counted from the hook's creation. The next one is published earlier, so both work for a while. At least 1m. By default a URL doesn't expire.",
      'x-kubernetes-validations': [
        durationRule,
        noLongerThanAYear,
        {
          rule: `!${isDuration('self')} || duration(self) >= duration('1m')`,
          message: 'must be at least 1m',
          holds: self => typeof self === 'string' && (milliseconds(self) ?? minLifeMs) >= minLifeMs,
        },
      ],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: `!has(self.expiresAfter) || !${isDuration('self.expiresAfter')} || !${isDuration('self.overlap')} || duration(self.overlap) < duration(self.expiresAfter)`,
      fieldPath: '.overlap',
      message: 'must be shorter than expiresAfter',
      holds: self => overlapIsShorter(self),
    },
    ...namedTokenRules,
  ],
} as const satisfies Obj

const overlapIsShorter: NonNullable<Rule['holds']> = self => {
  const expiresAfter = stringAt(self, 'expiresAfter')
  const overlap = stringAt(self, 'overlap')
  return (milliseconds(overlap ?? '') ?? 0) < (milliseconds(expiresAfter ?? '') ?? Infinity)
}

export type TokenSpec = Stored<typeof tokenSchema>
