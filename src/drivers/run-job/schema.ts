import { durationRule, isDuration, milliseconds } from '../../api/duration.ts'
import { matching } from '../../api/matching.ts'
import { objectNameRule } from '../../api/names.ts'
import type { Obj, Stored } from '../../api/schema.ts'
import type { Declaration } from '../declaration.ts'

/** The beginning of the names of all variables that a post fills. */
export const variablePrefix = 'RECEIVER_HOOK_'

/** Returns the variable that has the value of an alert's label. */
export const variableOfLabel = (label: string): string => `${variablePrefix}LABEL_${label.toUpperCase()}`

const minTtlMs = 10 * 60_000
const maxTtlMs = 720 * 3_600_000

const namesOf = (self: unknown): readonly string[] =>
  Array.isArray(self) ? self.filter(name => typeof name === 'string') : []

/** The member `spec.runJob`. */
export const runJobSchema = {
  type: 'object',
  description: 'Creates one Job from a CronJob for each delivery.',
  required: ['cronJob'],
  properties: {
    cronJob: {
      type: 'string',
      title: 'CronJob',
      minLength: 1,
      // Kubernetes takes no longer name: the Jobs of its schedule have eleven characters more, and at most 63.
      maxLength: 52,
      description:
        "The name of a CronJob, in the hook's own namespace. Its `jobTemplate` is what runs. Suspend the CronJob if only hooks should run it.",
      hint: "In the hook's own namespace. Suspend it if only hooks should run it.",
      'x-kubernetes-validations': [objectNameRule],
    },
    concurrency: {
      type: 'string',
      title: 'If an earlier Job is still running',
      enum: ['allow', 'forbid', 'replace'],
      titles: { allow: 'run both', forbid: 'run none', replace: 'delete it first' },
      default: 'allow',
      description:
        "What to do while an earlier Job of this hook is running. `allow`: both run. `forbid`: the delivery is skipped. `replace`: the earlier Job is deleted first. Jobs of other hooks and of the schedule don't count.",
      hint: "Only this hook's Jobs count, not the schedule's.",
    },
    env: {
      type: 'array',
      title: 'Variables',
      maxItems: 32,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      description:
        "Variables for every container, which replace the CronJob's own of the same name. As in any pod, `$(NAME)` in a value stands for an earlier variable.",
      hint: "For every container. They replace the CronJob's own of the same name.",
      items: {
        type: 'object',
        required: ['name', 'value'],
        properties: {
          name: {
            type: 'string',
            title: 'Name of the variable',
            minLength: 1,
            maxLength: 63,
            description: 'Its name.',
            hint: '',
            'x-kubernetes-validations': [
              matching('^[A-Za-z_][A-Za-z0-9_]*$', 'must be a variable name: letters, digits and "_"'),
              {
                rule: `!self.startsWith('${variablePrefix}')`,
                message: `must not begin with ${variablePrefix}: these variables hold what a post says`,
                holds: self => typeof self !== 'string' || !self.startsWith(variablePrefix),
              },
            ],
          },
          value: {
            type: 'string',
            title: 'Value',
            // A hook must stay small. A longer value belongs into the CronJob.
            maxLength: 128,
            description: 'Its value, at most 128 characters.',
            'x-kubernetes-validations': [
              {
                rule: "!self.contains('\\u0000')",
                message: 'must not contain a NUL character, which no variable can hold',
                holds: self => typeof self !== 'string' || !self.includes('\u0000'),
              },
            ],
          },
        },
      },
    },
    labels: {
      type: 'array',
      title: 'Labels of alerts',
      maxItems: 16,
      'x-kubernetes-list-type': 'set',
      description:
        'Alert labels that every container gets as `RECEIVER_HOOK_LABEL_NAME`, with the name in capitals. If the alerts in a post have different values for a label, its variable is empty.',
      hint: 'Every container gets their values as RECEIVER_HOOK_LABEL_NAME.',
      items: {
        type: 'string',
        minLength: 1,
        maxLength: 48,
        'x-kubernetes-validations': [
          matching(
            '^([A-Za-z]|_+[A-Za-z0-9])([A-Za-z0-9_]*[A-Za-z0-9])?$',
            'must be a label name: letters, digits and "_", no digit first and no "_" last',
          ),
        ],
      },
      'x-kubernetes-validations': [
        {
          rule: 'self.all(a, self.exists_one(b, a.upperAscii() == b.upperAscii()))',
          message: 'must not have two labels that differ only in case: their variables would have the same name',
          holds: self => new Set(namesOf(self).map(name => name.toUpperCase())).size === namesOf(self).length,
        },
      ],
    },
    body: {
      type: 'string',
      title: 'Body of the post',
      enum: ['none', 'env', 'file'],
      titles: {
        none: 'is not passed on',
        env: 'is in the variable RECEIVER_HOOK_BODY',
        file: 'is in the file /var/run/receiver-hook/body',
      },
      default: 'none',
      description:
        'Where every container finds the body of the post: nowhere, in the variable `RECEIVER_HOOK_BODY`, or in the file `/var/run/receiver-hook/body`. The body must then be text of at most 64 KiB.',
      hint: 'Text of at most 64 KiB.',
    },
    ttl: {
      type: 'string',
      title: 'Keep an ended Job for',
      maxLength: 32,
      default: '24h',
      description: 'How long to keep a Job after it ends: 10m to 720h. Until then you can ask for its outcome.',
      hint: '10m to 720h. Until then you can ask for its outcome.',
      'x-kubernetes-validations': [
        durationRule,
        {
          rule: `!${isDuration('self')} || (duration(self) >= duration('10m') && duration(self) <= duration('720h'))`,
          message: 'must be between 10m and 720h',
          holds: self => {
            const ms = (typeof self === 'string' ? milliseconds(self) : undefined) ?? minTtlMs
            return ms >= minTtlMs && ms <= maxTtlMs
          },
        },
      ],
    },
  },
} as const satisfies Obj

export const runJobDeclaration = {
  name: 'runJob',
  title: 'Run a Job',
  asked: ['concurrency'],
  schema: runJobSchema,
  columns: [],
  undoes: false,
  isApprovable: false,
} as const satisfies Declaration

export type RunJob = Stored<typeof runJobSchema>
