import type { AlertSink } from '../../ports/alert-sink.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PartitionStatus } from '../capture.ts'
import { consumerGroupOf } from '../connector/connector.ts'
import { Deliveries, type DeliveryParts } from './deliveries.ts'
import { HeadroomMonitor } from './monitor.ts'
import { Survey, type SurveyParts } from './survey.ts'

/** What a monitor is made of: the configuration's `headroom`, and the outside. */
export interface HeadroomParts extends Pick<SurveyParts, 'broker' | 'store' | 'log' | 'thresholds' | 'groups'> {
  clock: Clock
  intervalMs: number
  repeatMs: number
  /** The captures that run here, with their connectors' names. */
  captures(): readonly { connector: string; capture: { status(): PartitionStatus[] } }[]
  webhook: (Pick<DeliveryParts, 'maxQueued' | 'maxAttempts'> & { sink: AlertSink }) | null
}

/** Puts a monitor together; it does nothing until it is asked or run. */
export function createHeadroomMonitor(parts: HeadroomParts): HeadroomMonitor {
  const { broker, store, log, thresholds, groups, clock, intervalMs, repeatMs, captures, webhook } = parts
  const survey = new Survey({
    broker,
    store,
    log,
    thresholds,
    groups,
    captures: () => captures().map(({ capture }) => capture),
    ownGroups: () => captures().map(({ connector }) => consumerGroupOf({ name: connector })),
  })
  const deliveries =
    webhook === null
      ? null
      : new Deliveries({
          sink: webhook.sink,
          maxQueued: webhook.maxQueued,
          maxAttempts: webhook.maxAttempts,
          clock,
          log,
          random: Math.random,
        })
  return new HeadroomMonitor({ survey, clock, log, deliveries, intervalMs, repeatMs })
}
