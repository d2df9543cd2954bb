import { expect, it } from 'vitest'
import { receiversIn } from '../../src/cli/rancher/receivers.ts'
import { translated } from '../../src/cli/rancher/translate.ts'
import { declarations } from '../../src/drivers/schemas.ts'
import { rancherExport } from './rancher-export.ts'

const receivers = receiversIn(rancherExport) ?? []
const names = {
  services: new Map([
    ['1s5', 'Deployment/web'],
    ['ci/jenkins', 'jenkins'],
  ]),
  pool: 'MachineDeployment/workers',
}

it('an export lists a receiver of each of the drivers of Rancher', () => {
  expect(new Set(receivers.map(({ driver }) => driver))).toEqual(
    new Set(['scaleService', 'scaleHost', 'serviceUpgrade', 'forwardPost']),
  )
})

it.each(receivers)('$name becomes a hook that the schema takes, or says why not', receiver => {
  const made = translated(receiver, names)
  const wanted = { scaleService: 'scale', scaleHost: 'scaleNodes', serviceUpgrade: 'redeploy', forwardPost: 'forward' }
  const driver = new Map(Object.entries(wanted)).get(receiver.driver) ?? ''
  const isHere = declarations.some(({ name }) => name === driver)
  expect(made).toMatchObject(
    isHere
      ? { spec: { driver } }
      : { refused: `${receiver.driver} would be the driver ${driver}, which this version does not have yet` },
  )
})

it('a step of a service keeps its bounds, and refuses to pass them as Rancher did', () => {
  expect(receivers.slice(0, 2).map(receiver => translated(receiver, names))).toMatchObject([
    {
      name: 'scale-up-web',
      spec: {
        driver: 'scale',
        scale: {
          target: { kind: 'Deployment', name: 'web' },
          action: 'up',
          by: 2,
          min: 1,
          max: 8,
          overshoot: 'reject',
        },
      },
    },
    { name: 'scale-down-web', spec: { suspend: true, scale: { action: 'down', by: 1 } } },
  ])
})

it('a service that nobody has named is asked for', () => {
  const [first] = receivers
  expect(first && translated(first, { services: new Map(), pool: undefined })).toMatchObject({
    refused: 'say which workload the service 1s5 is here: --service 1s5=Deployment/NAME',
  })
})

it.each([[{}], [[]], [{ data: [] }], ['text'], [null]])('%j lists none', json => {
  expect(receiversIn(json)).toBeUndefined()
})
