/** Where alerts are told to someone who is not looking: a webhook. */
export interface AlertSink {
  /**
   * Hands a message over, once; `body` is a JSON document. Throws UnavailableError `alert-undelivered` when trying again
   * may help, also after `signal` aborted it, InvalidInputError `alert-refused` when it will not. No message of theirs
   * names the address.
   */
  send(body: string, signal: AbortSignal): Promise<void>
}
