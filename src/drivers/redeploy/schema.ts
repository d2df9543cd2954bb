import { matching } from '../../api/matching.ts'
import type { Obj, Stored } from '../../api/schema.ts'
import type { Declaration } from '../declaration.ts'
import {
  isSet,
  kindsOfSelector,
  reachRules,
  workloadKindNames,
  workloadSelector,
  workloadTarget,
} from '../rollouts/schema.ts'

const host = '[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?([.][A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*(:[0-9]+)?'
const path = '[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*'

const repository = {
  type: 'string',
  minLength: 1,
  maxLength: 255,
  'x-kubernetes-validations': [
    matching(`^(${host}/)?${path}(/${path})*$`, 'must be an image without a tag or digest, as in ghcr.io/acme/web'),
  ],
} as const

const tagRules = ['exact', 'glob', 'semver'] as const

const tagsSchema = {
  type: 'object',
  title: 'Tags that count',
  description: 'Which pushed tags to roll out. By default only the tag that a container already runs.',
  properties: {
    exact: {
      type: 'array',
      title: 'These tags',
      maxItems: 16,
      'x-kubernetes-list-type': 'set',
      description: 'These tags.',
      items: {
        type: 'string',
        minLength: 1,
        maxLength: 128,
        'x-kubernetes-validations': [
          matching(
            '^[A-Za-z0-9_][A-Za-z0-9_.-]*$',
            'must be a tag: letters, digits, "_", "." and "-", and must not begin with "." or "-"',
          ),
        ],
      },
    },
    glob: {
      type: 'string',
      title: 'Tags that match a pattern',
      minLength: 1,
      maxLength: 128,
      description: 'Tags that match: `*` is any text, `?` any character. The newest push wins.',
      'x-kubernetes-validations': [
        matching('^[A-Za-z0-9_.*?-]+$', 'must be a tag, with * for any text and ? for any character'),
      ],
    },
    semver: {
      type: 'string',
      title: 'Versions in a range',
      minLength: 1,
      maxLength: 128,
      description: 'Versions in this npm range (`~1.4`, `>=2 <3`), but never one below the running version.',
      'x-kubernetes-validations': [
        matching('^[0-9A-Za-z.*^~<>=| +-]+$', 'must be a version range, as in "~1.4" or ">=2.0 <3"'),
      ],
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '[has(self.exact), has(self.glob), has(self.semver)].exists_one(set, set)',
      message: 'must have exactly one of exact, glob and semver',
      choice: { title: 'Tags that count', of: tagRules, none: 'The tag that already runs' },
      holds: self => tagRules.filter(rule => isSet(self, rule)).length === 1,
    },
  ],
} as const satisfies Obj

export const redeploySchema = {
  type: 'object',
  description: 'Rolls out workloads when the image that they run is pushed.',
  properties: {
    target: workloadTarget(workloadKindNames),
    selector: workloadSelector,
    kinds: kindsOfSelector(workloadKindNames, 'four'),
    container: {
      type: 'string',
      title: 'Container',
      minLength: 1,
      maxLength: 63,
      description:
        'Only the container with this name. By default every container that runs the image, including init containers.',
    },
    image: {
      ...repository,
      title: 'Image',
      description: 'Only this image, written without a tag. By default every pushed image that already runs.',
    },
    pushedAs: {
      type: 'array',
      title: "The registry's names for the image",
      maxItems: 8,
      'x-kubernetes-list-type': 'set',
      description:
        'What the registry calls `image`, if containers use another name: behind a mirror or a proxy, or on another port.',
      hint: 'What the registry calls it, if containers use another name: behind a mirror or a proxy, or on another port.',
      items: repository,
    },
    tags: tagsSchema,
    pin: {
      type: 'string',
      title: 'What a container gets',
      enum: ['tag', 'digest'],
      titles: { tag: 'the tag', digest: 'tag and digest' },
      default: 'tag',
      description: 'What the hook writes into a container: the tag, or the tag and the digest if the push names one.',
      hint: 'If a push names no digest, only the tag.',
    },
    withoutImage: {
      type: 'string',
      title: 'A post without an image',
      enum: ['skip', 'restart'],
      titles: { skip: 'does nothing', restart: 'restarts the workloads' },
      default: 'skip',
      description: 'What a post without an image does: skip does nothing, restart restarts the workloads.',
      hint: '',
    },
  },
  'x-kubernetes-validations': [
    ...reachRules('What to roll out', 'four'),
    {
      rule: '!has(self.pushedAs) || has(self.image)',
      fieldPath: '.pushedAs',
      reason: 'FieldValueForbidden',
      message: 'needs image: the name that the containers run',
      holds: self => !isSet(self, 'pushedAs') || isSet(self, 'image'),
    },
  ],
} as const satisfies Obj

export const redeployDeclaration = {
  name: 'redeploy',
  title: 'Roll out a pushed image',
  asked: ['image', 'tags'],
  schema: redeploySchema,
  columns: [],
  undoes: false,
  isApprovable: true,
} as const satisfies Declaration

export type Redeploy = Stored<typeof redeploySchema>
export type Tags = NonNullable<Redeploy['tags']>
