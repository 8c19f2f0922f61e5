import type { Codec } from '../ports/record-block.ts'
import type { TlsMaterial } from './tls-files.ts'

/** What Coldstream runs by, checked and complete. Holds secrets: print `description` instead. */
export interface Config {
  kafka: {
    brokers: string[]
    clientId: string
    /** Compression of what is written. */
    produceCodec: Codec
    tls?: TlsMaterial
    sasl?: {
      mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER'
      username?: string
      password?: string
      token?: string
      tokenFile?: string
      tokenEndpointUrl?: string
      clientId?: string
      clientSecret?: string
      scope?: string
    }
  }
  store: {
    /** `file:///path` or `s3://bucket/prefix`. */
    url: string
    s3: {
      endpoint?: string
      region?: string
      accessKeyId?: string
      secretAccessKey?: string
      sessionToken?: string
      forcePathStyle?: boolean
    }
    /** False when `url` is the default, so that a connector may name its own store. */
    isConfigured: boolean
  }
  capture: {
    /** Of all captures together. */
    memoryMaxBytes: number
    /** Shared by all captures. */
    threads: number
    topicRefreshMs: number
  }
  connect: { pollIntervalMs: number }
  headroom: {
    intervalMs: number
    thresholds: { warnShare: number; criticalShare: number }
    /** Matches the whole name of the groups that are watched. */
    groups: RegExp
    /** 0: never. */
    repeatMs: number
    /** Null: alerts are only logged. */
    webhook: {
      url: string
      secret: string | null
      timeoutMs: number
      maxAttempts: number
      maxQueued: number
    } | null
  }
  replay: {
    upcasters: {
      /** Absolute path of the modules, or null. */
      folder: string | null
      /** For one event. */
      timeLimitMs: number
      /** Of one thread. */
      maxMemoryBytes: number
      threads: number
    }
  }
  /** Absolute path of the user's templates, or null. */
  queries: { folder: string | null }
  query: {
    engine: string
    perKey: { maxRunning: number; maxBytesPerDay: number }
    kept: { resultsMs: number; resultsBytes: number; runs: number }
    limits: { maxRows: number; maxResultBytes: number; timeoutMs: number; maxMemoryBytes: number }
    concurrency: { running: number; waiting: number }
    threads: number
    maxSpillBytes: number
    /** Null where none is configured. */
    trino: {
      url: string
      user: string
      password: string | null
      accessToken: string | null
      catalog: string
      schema: string
    } | null
    cacheFolder: string
    cacheMaxBytes: number
    /** As the adapter's options say it; null where no workgroup is named. */
    athena: {
      workgroup: string
      database: string
      catalog: string
      outputLocation: string | null
      region: string | null
      endpoint: string | null
      credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } | null
      reuseMaxAgeMinutes: number | null
      maxScannedBytes: number | null
      /** US dollars. */
      pricePerTb: number
      /** Where result objects are read: the S3 of the archive. */
      results: { endpoint: string | null; forcePathStyle: boolean }
    } | null
  }
  http: {
    host: string
    port: number
    /** `sha256` is the hex digest of the key. */
    apiKeys: { name: string; sha256: string }[]
  }
  log: { level: 'debug' | 'info' | 'warn' | 'error' | 'silent' }
  /** The settings with their secrets masked, for people. */
  description: Readonly<Record<string, unknown>>
}
