import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { PartitionStatus, TaskStatus } from '../../archive/capture.ts'
import type { Services } from '../../services.ts'
import type { Server } from '../typed-server.ts'
import { headroomMetrics } from './headroom-metrics.ts'

/** `/metrics`, in Prometheus' text format. Names and units are listed in docs/operations.md. */
export function metricsRoutes(server: Server, services: Services): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  captureMetrics(registry, services)
  headroomMetrics(registry, services)
  requestMetrics(registry, server)
  server.get('/metrics', { schema: { hide: true } }, async (_, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}

function captureMetrics(registry: Registry, services: Services): void {
  const partitionGauge = (name: string, help: string, value: (status: PartitionStatus) => bigint): void => {
    new Gauge({
      name,
      help,
      labelNames: ['connector', 'topic', 'partition'],
      registers: [registry],
      collect() {
        this.reset()
        for (const { connector, capture } of services.captures()) {
          for (const status of capture.status()) {
            this.set({ connector, topic: status.topic, partition: String(status.partition) }, Number(value(status)))
          }
        }
      },
    })
  }
  partitionGauge(
    'coldstream_capture_archived_offset',
    'Next offset to archive; everything below is committed.',
    (status) => status.archived,
  )
  partitionGauge(
    'coldstream_capture_position_offset',
    'Next offset to take from the broker.',
    (status) => status.position,
  )
  partitionGauge(
    'coldstream_capture_end_offset',
    'End of the broker’s log for a read-committed reader.',
    (status) => status.end,
  )
  const taskGauge = (name: string, help: string, value: (task: TaskStatus) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['connector', 'task'],
      registers: [registry],
      collect() {
        this.reset()
        for (const { connector, capture } of services.captures()) {
          for (const status of capture.tasks()) this.set({ connector, task: String(status.task) }, value(status))
        }
      },
    })
  }
  taskGauge('coldstream_capture_partitions', 'Partitions that a thread captures.', (task) => task.partitions)
  taskGauge(
    'coldstream_capture_stopped_partitions',
    'Partitions that stopped at a fault and stay so until the connector is started again.',
    (task) => task.stoppedPartitions,
  )
  const helps = {
    records: 'Archived records since the capture was opened.',
    segments: 'Archived segments since the capture was opened.',
    bytes: 'Bytes of these segments.',
    lostOffsets: 'Offsets without a row that may have held data, since the capture was opened.',
  }
  for (const total of ['records', 'segments', 'bytes', 'lostOffsets'] as const) {
    new Counter({
      name: `coldstream_capture_${total === 'lostOffsets' ? 'lost_offsets' : total}_total`,
      help: helps[total],
      labelNames: ['connector'],
      registers: [registry],
      collect() {
        this.reset()
        for (const { connector, capture } of services.captures()) this.inc({ connector }, capture.totals[total])
      },
    })
  }
}

function requestMetrics(registry: Registry, server: Server): void {
  const seconds = new Histogram({
    name: 'coldstream_http_request_duration_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  })
  server.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    seconds.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
  })
}
