import { openFileStore } from './adapters/file/store.ts'
import type { S3Options } from './adapters/s3/options.ts'
import { openS3Store } from './adapters/s3/store.ts'
import type { Connector } from './archive/connector/connector.ts'
import type { ObjectStore } from './ports/object-store.ts'

/** Where an archive is and how to get there; plain data, so that a thread can be told. */
export interface StoreAddress {
  /** `file:///path` or `s3://bucket/prefix`. */
  url: string
  s3: S3Options
}

/** Opens the store that the URL's scheme names. */
export async function openStore({ url, s3 }: StoreAddress): Promise<ObjectStore> {
  return url.startsWith('s3:') ? openS3Store(url, s3) : openFileStore(url)
}

/** The stores of connectors: the configured one; where none is configured, the one their `s3.*` properties name. */
export class ConnectorStores {
  readonly #address: StoreAddress & { isConfigured: boolean }
  readonly #configured: ObjectStore
  /** Those that connectors name, each opened once; nothing is asked of a store when it is opened. */
  readonly #opened = new Map<string, Promise<ObjectStore>>()

  constructor(address: StoreAddress & { isConfigured: boolean }, configured: ObjectStore) {
    this.#address = address
    this.#configured = configured
  }

  addressOf({ s3 }: Connector): StoreAddress {
    if (this.#address.isConfigured || s3 === null) return this.#address
    const { bucket, region, endpoint, accessKeyId, secretAccessKey, forcePathStyle } = s3
    return {
      url: `s3://${bucket}`,
      s3: {
        ...this.#address.s3,
        ...(region !== null && { region }),
        ...(endpoint !== null && { endpoint }),
        ...(accessKeyId !== null && { accessKeyId }),
        ...(secretAccessKey !== null && { secretAccessKey }),
        ...(forcePathStyle !== null && { forcePathStyle }),
      },
    }
  }

  async of(connector: Connector): Promise<ObjectStore> {
    const address = this.addressOf(connector)
    if (address === this.#address) return this.#configured
    const key = JSON.stringify(address)
    const store = this.#opened.get(key) ?? openStore(address)
    this.#opened.set(key, store)
    return store
  }

  /** Closes those that it opened. */
  async close(): Promise<void> {
    await Promise.all([...this.#opened.values()].map(async (store) => (await store).close()))
  }
}
