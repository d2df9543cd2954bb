import { stringAt } from './json.ts'
import { matching } from './matching.ts'
import type { Obj } from './schema.ts'

/**
 * The claims about the sender itself. Anybody gets tokens from a public issuer. Without one of these
 * claims, a hook would accept tokens of strangers: `ref` alone is anybody's main branch.
 */
const whoClaims = [
  'sub',
  'email',
  'repository_id',
  'repository_owner_id',
  'project_id',
  'namespace_id',
  'oid',
  'appid',
  'azp',
] as const

const whoClaim: ReadonlySet<string> = new Set(whoClaims)

/** The form `auth.oidc`. Its lists are short, because the trigger keeps all specs in memory. */
export const oidcSchema = {
  type: 'object',
  title: 'An ID token (OpenID Connect)',
  description:
    'The post has the header `Authorization: Bearer`, with a signed token from an issuer that the sender uses: GitHub Actions, GitLab, Google Pub/Sub, a Kubernetes service account. You share no Secret. The installation lists the issuers that hooks may name; [how to set it up](../how-to/oidc.md).',
  hint: 'A signed token that an issuer gave the sender, such as GitHub Actions or a service account. You share no Secret. The installation lists the issuers that hooks may name.',
  required: ['issuer', 'audience', 'claims'],
  properties: {
    issuer: {
      type: 'string',
      title: 'Issuer',
      maxLength: 256,
      description:
        'Who signs, exactly as in the `iss` claim: `https://token.actions.githubusercontent.com` for GitHub Actions. The installation must allow it.',
      'x-kubernetes-validations': [
        matching('^https?://[^ ?#]+$', "must be an issuer's URL, such as https://token.actions.githubusercontent.com"),
      ],
    },
    audience: {
      type: 'string',
      title: 'Audience',
      minLength: 1,
      maxLength: 512,
      description:
        "Who the token is for, exactly as in the `aud` claim: a text that no other receiver accepts, such as the hook's URL without a token.",
      'x-kubernetes-validations': [matching('^[!-~]+$', 'must be visible characters without spaces')],
    },
    claims: {
      type: 'array',
      title: 'Claims',
      maxItems: 6,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      description: `What the token must say. All claims must match, and one of them must identify the signer: ${whoClaims.join(', ')}.`,
      hint: 'What the token must say. All claims must match, and one of them must identify the signer, such as repository_id or sub.',
      items: {
        type: 'object',
        title: 'Claim',
        description: 'A claim, and the values that it may have.',
        required: ['name', 'oneOf'],
        properties: {
          name: {
            type: 'string',
            title: 'Name',
            maxLength: 64,
            description: 'The name of the claim, such as `repository_id`.',
            'x-kubernetes-validations': [matching('^[!-~]+$', "must be a claim's name, such as repository_id")],
          },
          oneOf: {
            type: 'array',
            title: 'One of',
            maxItems: 4,
            items: { type: 'string', minLength: 1, maxLength: 192 },
            description:
              'The values. The claim must equal one of them, without patterns. Numbers, true and false are compared as JSON writes them. If the claim is a list, one matching member is enough.',
            hint: 'The claim must equal one of them. If the claim is a list, one matching member is enough.',
            'x-kubernetes-validations': [
              {
                rule: 'self.size() > 0',
                message: 'must have a value',
                holds: self => !Array.isArray(self) || self.length > 0,
              },
            ],
          },
        },
      },
      'x-kubernetes-validations': [
        {
          rule: `self.exists(claim, claim.name in [${whoClaims.map(name => `'${name}'`).join(', ')}])`,
          message: `must identify the signer, with one of ${whoClaims.join(', ')}: anybody can get a token with the other claims`,
          holds: self => !Array.isArray(self) || self.some(claim => whoClaim.has(stringAt(claim, 'name') ?? '')),
        },
      ],
    },
  },
} as const satisfies Obj
