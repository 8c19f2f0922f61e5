/** One event of a stream of server-sent events. */
export interface ServerSentEvent {
  /** `message` unless the server named it. */
  event: string
  data: string
}

/** The events of a response's body, as they come; comments and other fields are passed over. */
export async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    // an event ends with an empty line, whatever ends a line; a CR at the end may be half of one
    const events = text.replace(/\r\n|\r(?!$)/g, '\n').split('\n\n')
    text = events.pop()!
    for (const lines of events) {
      const event = readEvent(lines)
      if (event !== null) yield event
    }
  }
}

function readEvent(lines: string): ServerSentEvent | null {
  let event = 'message'
  const data: string[] = []
  for (const line of lines.split('\n')) {
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? []
    if (name === 'event') event = value ?? ''
    else if (name === 'data') data.push(value ?? '')
  }
  return data.length === 0 ? null : { event, data: data.join('\n') }
}
