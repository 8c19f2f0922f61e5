import { SystemClock } from '../../src/adapters/system-clock.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import type { QueryEngine, QueryLimits } from '../../src/ports/query-engine.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { QueryService } from '../../src/query/query-service.ts'
import type { SegmentFiles } from '../../src/query/segment-files.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from '../../src/query/template/library.ts'

/** A service that has just started: nothing of the archive is known yet. It runs one statement at a time. */
export async function startService(
  engine: QueryEngine,
  store: ObjectStore,
  files: SegmentFiles,
  limits: QueryLimits,
): Promise<QueryService> {
  return new QueryService({
    engines: [engine],
    defaultEngine: engine.name,
    snapshots: commitLogSnapshots(store),
    files,
    templates: await loadTemplates([BUILT_IN_TEMPLATES]),
    clock: new SystemClock(),
    limits,
    concurrency: { running: 1, waiting: 1 },
    broker: () => Promise.reject(new Error('there is no broker')),
  })
}
