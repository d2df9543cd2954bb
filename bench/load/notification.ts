import { randomBytes } from 'node:crypto'

/** Returns a notification as Alertmanager 0.34 posts it: the first of an alert, or the last. By default, the alert never fired before. */
export const notification = (
  status: 'firing' | 'resolved' = 'firing',
  instance: string = randomBytes(8).toString('hex'),
): string => {
  const labels = { alertname: 'HighLoad', instance, namespace: 'shop', severity: 'page' }
  const annotations = { summary: 'The shop is slow', description: 'p99 latency is above 500 ms for 5 minutes' }
  return JSON.stringify({
    receiver: 'web\\-up',
    status,
    notification_reason: status === 'firing' ? 'first notification' : 'all alerts resolved',
    alerts: [
      {
        status,
        labels,
        annotations,
        startsAt: new Date().toISOString(),
        endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : new Date().toISOString(),
        generatorURL: 'http://prometheus.example.com:9090/graph?g0.expr=load+%3E+1',
        fingerprint: instance,
      },
    ],
    groupLabels: { alertname: 'HighLoad', instance },
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: 'http://alertmanager.example.com:9093',
    version: '4',
    groupKey: `{}:{alertname="HighLoad", instance="${instance}"}`,
    truncatedAlerts: 0,
    routeLabels: {},
  })
}
