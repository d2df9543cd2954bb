import { at } from './json.ts'
import type { Rule } from './schema.ts'

/**
 * Returns whether a spec asks for a URL with the hook's name and without a token. It may be invalid
 * otherwise.
 */
export const hasNamedURL = (spec: unknown): boolean => at(spec, 'token', 'url') === 'named'

const named = "has(self.token) && has(self.token.url) && self.token.url == 'named'"

/** The rules of a spec for `token.url: named`. */
export const namedRules = [
  {
    rule: `!(${named}) || has(self.auth)`,
    fieldPath: '.auth',
    reason: 'FieldValueRequired',
    message:
      "must be set, because token.url is named: a URL with a name isn't secret, so only auth keeps strangers out",
    holds: self => !hasNamedURL(self) || at(self, 'auth') !== undefined,
  },
  {
    rule: `!(${named}) || !has(self.auth) || !has(self.auth.sns)`,
    fieldPath: '.auth.sns',
    reason: 'FieldValueForbidden',
    message:
      'must not be set while token.url is named, because strangers could make the trigger fetch certificates: remove token.url, or use another form of auth',
    holds: self => !hasNamedURL(self) || at(self, 'auth', 'sns') === undefined,
  },
  {
    rule: `!has(self.auth) || !has(self.auth.path) || (${named})`,
    fieldPath: '.auth.path',
    reason: 'FieldValueForbidden',
    message: "needs a URL with the hook's name: set token.url to named",
    holds: self => hasNamedURL(self) || at(self, 'auth', 'path') === undefined,
  },
] as const satisfies readonly Rule[]

const hasName = "has(self.url) && self.url == 'named'"

/** Returns a rule that forbids a member of `token` if the URL has no token. */
const withoutToken = (member: string, why: string) =>
  ({
    rule: `!(${hasName}) || !has(self.${member})`,
    fieldPath: `.${member}`,
    reason: 'FieldValueForbidden',
    message: `must not be set while url is named: ${why}`,
    holds: self => at(self, 'url') !== 'named' || at(self, member) === undefined,
  }) as const satisfies Rule

/** The rules of `token` for `url: named`. */
export const namedTokenRules = [
  withoutToken('expiresAfter', 'that URL does not expire. To end it, change the Secret of auth'),
  withoutToken('secretName', "that URL is not secret, and the hook's status shows it"),
] as const
