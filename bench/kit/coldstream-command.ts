import { fileURLToPath } from 'node:url'
import type { Place } from '../../test/faults/kit/place.ts'
import type { BenchStage } from './stage.ts'

/** What is published, as `npm run build` made it: from source every thread would strip types first. */
const builtColdstream = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/** The program's arguments for `node`. */
export function builtColdstreamArgs(args: readonly string[]): string[] {
  return [builtColdstream, ...args]
}

/** What makes the command line use a stage's broker and one of its buckets. */
export function coldstreamSettings({ kafka }: BenchStage, place: Place): Record<string, string> {
  return { ...place.settings, COLDSTREAM_KAFKA_BROKERS: kafka.brokers.join(',') }
}
