import { at, stringAt } from '../api/json.ts'
import { timeOf, wordAt } from './identity.ts'
import { deliveryOfEvents, eventOf } from './push.ts'
import { nothingNew, type Sender } from './sender.ts'

/** Amazon ECR, whose events come through EventBridge. */
export const ecr: Sender = {
  name: 'ecr',
  about: {
    title: 'Amazon ECR',
    documentation: 'https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html',
    identity: "The event's `id`.",
    retries: '401, 407, 409, 429, 5xx and no answer within 5 s, for a day and at most 185 times.',
    failures: "The rule's metric `FailedInvocations`, and its dead-letter queue.",
  },
  recognise: ({ json }) => at(json, 'source') === 'aws.ecr',
  parse: ({ json }) => {
    const detail = at(json, 'detail')
    const type = at(json, 'detail-type')
    if (type !== undefined && type !== 'ECR Image Action') return { sender: 'ecr', phase: nothingNew }
    const action = at(detail, 'action-type')
    const result = at(detail, 'result')
    if (isOther(action, 'PUSH') || isOther(result, 'SUCCESS')) return { sender: 'ecr', phase: nothingNew }
    const event = eventOf(
      {
        repository: at(detail, 'repository-name'),
        host: hostOf(wordAt(json, 'account'), stringAt(json, 'region')),
        isPath: true,
        tag: at(detail, 'image-tag'),
        digest: at(detail, 'image-digest'),
        at: timeOf(at(json, 'time')),
      },
      wordAt(json, 'id'),
    )
    return deliveryOfEvents('ecr', [event], 'account, region, detail.repository-name and detail.image-tag')
  },
}

const isOther = (value: unknown, wanted: string): boolean => value !== undefined && value !== wanted

const hostOf = (account: string | undefined, region: string | undefined): string | undefined => {
  if (account === undefined || region === undefined) return undefined
  return `${account}.dkr.ecr.${region}.${domainOf(region)}`
}

/** Returns the domain of Amazon's hosts in a region. China and the European Sovereign Cloud have their own. */
const domainOf = (region: string): string => {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn'
  return region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com'
}
