import type { DriverRights } from '../driver-rights.ts'

/** The driver's rights. None is granted by default. It writes no object, so no policy limits its writes. */
export const forwardRights: DriverRights = {
  given: 'where bound',
  trigger: [
    {
      group: '',
      resource: 'services',
      verbs: ['get'],
      why: 'to find the cluster IP of the Service, and to refuse one that can lead anywhere',
    },
  ],
  author: [
    {
      group: "''",
      resource: "'services'",
      subresource: 'proxy',
      name: 'self.service.name',
      verb: 'create',
      does: "'post to Service/' + self.service.name",
      right: '`create` on `services/proxy` of the Service',
      why: 'the hook posts to the Service',
    },
  ],
  keeps: [],
}
