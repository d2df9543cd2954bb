/** Returns a notification as Alertmanager 0.34 posts it. */
export const notification = (status: 'firing' | 'resolved', reason: string) => ({
  version: '4',
  groupKey: '{}:{alertname="HighLoad"}',
  truncatedAlerts: 0,
  status,
  receiver: 'web\\-up',
  groupLabels: { alertname: 'HighLoad' },
  commonLabels: { alertname: 'HighLoad', severity: 'page' },
  commonAnnotations: { summary: 'The shop is slow' },
  externalURL: 'http://alertmanager.example.com:9093',
  notification_reason: reason,
  routeLabels: {},
  alerts: [
    {
      status,
      labels: { alertname: 'HighLoad', severity: 'page' },
      annotations: { summary: 'The shop is slow' },
      startsAt: '2026-01-01T10:00:07.123Z',
      endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : '2026-01-01T10:09:07.123Z',
      generatorURL: 'http://prometheus.example.com:9090/graph?g0.expr=load+%3E+1',
      fingerprint: 'd3b0a1c2e4f56789',
    },
  ],
})
