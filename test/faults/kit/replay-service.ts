import type { ReplayStatus } from '../../../src/replay/status.ts'
import type { RunningCommand } from './coldstream.ts'

/** A `coldstream serve` at work. */
export interface ReplayService {
  command: RunningCommand
  url: string
}

/** Waits until a `serve` says where it listens. Rejects when it ends before. */
export async function listening(command: RunningCommand): Promise<ReplayService> {
  const found = Promise.withResolvers<string>()
  let written = ''
  const look = (bytes: Buffer): void => {
    written += String(bytes)
    const url = /listens on (http:\S+?);/.exec(written)?.[1]
    if (url !== undefined) found.resolve(url)
  }
  command.process.stderr?.on('data', look)
  const ended = command.ended.then(({ code, signal, stderr }) => {
    throw new Error(`serve ended with ${signal ?? code} before it listened: ${stderr}`)
  })
  try {
    return { command, url: await Promise.race([found.promise, ended]) }
  } finally {
    command.process.stderr?.off('data', look)
  }
}

/** Asks a service; throws with what it answered when that is no success. */
export async function ask(
  { url }: ReplayService,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  body?: object | null,
): Promise<ReplayStatus> {
  const content =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const answer = await fetch(`${url}${path}`, { method, ...content })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return JSON.parse(text) as ReplayStatus
}

/** Waits until a replay's status is as it is wanted. Throws when it ends in another way before. */
export async function awaitStatus(
  { url }: ReplayService,
  id: string,
  isWanted: (status: ReplayStatus) => boolean,
): Promise<ReplayStatus> {
  const answer = await fetch(`${url}/v1/replays/${id}/events`)
  let last = ''
  let pending = ''
  for await (const bytes of answer.body!.pipeThrough(new TextDecoderStream())) {
    pending += bytes
    const lines = pending.split('\n')
    pending = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('data: ')) continue
      last = line.slice('data: '.length)
      const status = JSON.parse(last) as ReplayStatus
      if (isWanted(status)) return status
    }
  }
  throw new Error(`the replay ended as nobody wanted: ${last}`)
}

/** Waits until a replay is completed. */
export function completed(service: ReplayService, id: string): Promise<ReplayStatus> {
  return awaitStatus(service, id, ({ state }) => state === 'completed')
}
