import { Type } from 'typebox'
import { section, text } from './schema-parts.ts'

/** When and how to tell that retention is about to delete what somebody has yet to read. */
export const headroom = section(
  'How long until retention deletes what is not archived, or not read by a consumer group, yet.',
  {
    intervalMs: Type.Integer({
      description: 'Milliseconds between looks of `coldstream serve`.',
      default: 30_000,
      minimum: 100,
      maximum: 3_600_000,
      env: 'COLDSTREAM_HEADROOM_INTERVAL_MS',
    }),
    warnPercent: Type.Integer({
      description: 'Warns when so much of retention is left.',
      default: 50,
      minimum: 1,
      maximum: 99,
      env: 'COLDSTREAM_HEADROOM_WARN_PERCENT',
    }),
    criticalPercent: Type.Integer({
      description: 'Critical when so much of retention is left; less than `warnPercent`.',
      default: 20,
      minimum: 0,
      maximum: 98,
      env: 'COLDSTREAM_HEADROOM_CRITICAL_PERCENT',
    }),
    groupsRegex: Type.String({
      description: 'Consumer groups whose lag is watched, by their whole name; `(?!)` watches none.',
      default: '.*',
      minLength: 1,
      env: 'COLDSTREAM_HEADROOM_GROUPS_REGEX',
    }),
    repeatMs: Type.Integer({
      description: 'Milliseconds after which an alert that lasts is told again; 0 never does.',
      default: 14_400_000,
      minimum: 0,
      maximum: 604_800_000,
      env: 'COLDSTREAM_HEADROOM_REPEAT_MS',
    }),
    webhook: section('Where alerts are POSTed beside the log.', {
      url: Type.Optional(
        Type.String({
          description: 'http or https URL of the receiver; without it alerts are only logged.',
          pattern: String.raw`^https?://[^\s]+$`,
          expected: 'an http or https URL',
          secret: true,
          env: 'COLDSTREAM_HEADROOM_WEBHOOK_URL',
        }),
      ),
      secret: text({
        description: 'Signs every message with HMAC-SHA256 (header `X-Coldstream-Signature`).',
        secret: true,
        env: 'COLDSTREAM_HEADROOM_WEBHOOK_SECRET',
      }),
      timeoutMs: Type.Integer({
        description: 'Milliseconds that the receiver may take to answer.',
        default: 10_000,
        minimum: 1,
        maximum: 300_000,
        env: 'COLDSTREAM_HEADROOM_WEBHOOK_TIMEOUT_MS',
      }),
      maxAttempts: Type.Integer({
        description: 'Attempts for one message, with pauses that grow from a second to a minute.',
        default: 20,
        minimum: 1,
        maximum: 10_000,
        env: 'COLDSTREAM_HEADROOM_WEBHOOK_MAX_ATTEMPTS',
      }),
      maxQueued: Type.Integer({
        description: 'Messages that wait at most; beyond it the oldest is given up.',
        default: 1_000,
        minimum: 1,
        maximum: 1_000_000,
        env: 'COLDSTREAM_HEADROOM_WEBHOOK_MAX_QUEUED',
      }),
    }),
  },
)
