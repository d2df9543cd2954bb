import type { Metrics } from '../environment/environment.ts'

/** The result of a reconcile, in controller-runtime's words. */
export type Result = 'success' | 'requeue_after' | 'error'

const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60]

/**
 * Returns the metrics of a work queue, with the names that dashboards for controller-runtime use.
 * Times are in seconds.
 */
export const queueMetrics = (metrics: Metrics, controller: string) => {
  const depth = metrics.gauge('workqueue_depth', 'Keys waiting for a worker.', ['name'])
  const adds = metrics.counter('workqueue_adds_total', 'Keys added to the queue.', ['name'])
  const waited = metrics.histogram('workqueue_queue_duration_seconds', 'How long a key waited.', ['name'], buckets)
  const workers = metrics.gauge('controller_runtime_active_workers', 'Busy workers.', ['controller'])
  const total = metrics.counter('controller_runtime_reconcile_total', 'Reconciles.', ['controller', 'result'])
  const errors = metrics.counter('controller_runtime_reconcile_errors_total', 'Reconciles that failed.', ['controller'])
  const stuck = metrics.gauge(
    'receiverhooks_stuck_keys',
    "Keys whose reconciles have failed for five minutes, or can't succeed until something changes.",
    ['controller'],
  )
  const time = metrics.histogram(
    'controller_runtime_reconcile_time_seconds',
    'How long a reconcile took.',
    ['controller'],
    buckets,
  )
  const name = { name: controller }
  const labels = { controller }
  return {
    added: () => adds.add(name),
    waited: (ms: number) => waited.observe(name, ms / 1000),
    sizes: (waiting: number, working: number) => {
      depth.set(name, waiting)
      workers.set(labels, working)
    },
    stuck: (count: number) => stuck.set(labels, count),
    worked: (result: Result, ms: number) => {
      total.add({ controller, result })
      if (result === 'error') errors.add(labels)
      time.observe(labels, ms / 1000)
    },
  }
}
