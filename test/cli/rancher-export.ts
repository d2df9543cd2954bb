/** Returns what Rancher 1.6 answers to GET /v1-webhooks/receivers, with a receiver of every driver (github.com/rancher/webhook-service). */
const receiver = (id: string, name: string, driver: string, state: string, config: object) => ({
  id,
  type: 'receiver',
  links: { self: `https://rancher.example.com/v1-webhooks/receivers/${id}` },
  actions: {},
  name,
  driver,
  state,
  url: `https://rancher.example.com/v1-webhooks/endpoint?key=${id}&projectId=1a5`,
  [`${driver}Config`]: { type: driver, ...config },
})

export const rancherExport = {
  type: 'collection',
  resourceType: 'receiver',
  links: { self: 'https://rancher.example.com/v1-webhooks/receivers?projectId=1a5' },
  data: [
    receiver('1wr1', 'Scale up web', 'scaleService', 'active', {
      serviceId: '1s5',
      action: 'up',
      amount: 2,
      min: 1,
      max: 8,
    }),
    receiver('1wr2', 'scale-down-web', 'scaleService', 'inactive', {
      serviceId: '1s5',
      action: 'down',
      amount: 1,
      min: 1,
      max: 8,
    }),
    receiver('1wr3', 'more-hosts', 'scaleHost', 'active', {
      hostSelector: { pool: 'workers' },
      action: 'up',
      amount: 1,
      min: 1,
      max: 5,
    }),
    receiver('1wr4', 'fewer-hosts', 'scaleHost', 'active', {
      hostSelector: { pool: 'workers' },
      action: 'down',
      amount: 1,
      min: 1,
      max: 5,
      deleteOption: 'mostRecent',
    }),
    receiver('1wr5', 'upgrade-web', 'serviceUpgrade', 'active', {
      serviceSelector: { app: 'web' },
      tag: 'latest',
      batchSize: 1,
      intervalMillis: 2000,
      startFirst: false,
    }),
    receiver('1wr6', 'to-jenkins', 'forwardPost', 'active', {
      projectId: '1a5',
      serviceName: 'ci/jenkins',
      port: '8080',
      path: '/github-webhook/',
    }),
  ],
}
