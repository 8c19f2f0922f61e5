import { createHmac } from 'node:crypto'
import { InvalidInputError, UnavailableError } from '../errors.ts'
import type { AlertSink } from '../ports/alert-sink.ts'

export interface WebhookOptions {
  /** Where to POST; a secret, as such addresses hold tokens. */
  url: string
  /** Key of the signature; null: messages are not signed. */
  secret: string | null
  /** For one attempt. */
  timeoutMs: number
}

/** Carries `sha256=` and the HMAC-SHA256 of the body's bytes in hex. */
const signatureHeader = 'x-coldstream-signature'

/** Answers that say "later": https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9, and 425 and 429 beside it. */
const laterStatuses: ReadonlySet<number> = new Set([408, 425, 429])

/** POSTs alerts as JSON. Redirects are not followed: they would carry message and signature to an unknown place. */
export class Webhook implements AlertSink {
  readonly #options: WebhookOptions

  constructor(options: WebhookOptions) {
    this.#options = options
  }

  async send(body: string, stopped: AbortSignal): Promise<void> {
    const { url, secret, timeoutMs } = this.#options
    const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'coldstream' }
    if (secret !== null) headers[signatureHeader] = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = AbortSignal.any([timeout, stopped])
    let status: number
    try {
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      status = response.status
      // what it says is of no use; the connection is
      await response.body?.cancel()
    } catch (error) {
      throw undelivered(timeout.aborted ? `gave no answer within ${timeoutMs} ms` : `was not reached: ${codeOf(error)}`)
    }
    if (status >= 200 && status < 300) return
    if (status >= 500 || laterStatuses.has(status)) throw undelivered(`answered ${status}`)
    throw new InvalidInputError('alert-refused', `The webhook for alerts refused the message: it answered ${status}`, {
      remedy:
        'Check headroom.webhook.url and secret, and what the receiver expects; docs/operations.md has the format.',
      details: { status },
    })
  }
}

function undelivered(what: string): UnavailableError {
  return new UnavailableError('alert-undelivered', `The webhook for alerts ${what}`, {
    remedy: 'Check headroom.webhook.url and that its receiver runs and can be reached from here.',
  })
}

/** The code alone: messages of the network's errors name the address. */
function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code
  }
  return 'the request failed'
}
