import { Type } from 'typebox'
import { bytes, MiB, section, text } from './schema-parts.ts'

/** What changes archived events on their way out. */
export const replay = section('Replays of the archive.', {
  upcasters: section('Modules that change events while they are replayed; see [upcasters.md](upcasters.md).', {
    folder: text({
      description: 'Folder of the modules. Their code runs with the rights of this process.',
      path: true,
      env: 'COLDSTREAM_REPLAY_UPCASTERS_FOLDER',
    }),
    timeLimitMs: Type.Integer({
      description: 'Milliseconds that a module may take for one event.',
      default: 5_000,
      minimum: 10,
      maximum: 3_600_000,
      env: 'COLDSTREAM_REPLAY_UPCASTERS_TIME_LIMIT_MS',
    }),
    maxMemoryBytes: bytes({
      description: "Memory of a thread's JavaScript objects.",
      default: 256 * MiB,
      minimum: 32 * MiB,
      env: 'COLDSTREAM_REPLAY_UPCASTERS_MAX_MEMORY_BYTES',
    }),
    threads: Type.Optional(
      Type.Integer({
        description: 'Threads of one upcaster, at most; each is started when the others are busy.',
        minimum: 1,
        maximum: 256,
        defaultText: 'half the cores',
        env: 'COLDSTREAM_REPLAY_UPCASTERS_THREADS',
      }),
    ),
  }),
})
