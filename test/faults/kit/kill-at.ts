import type { StoreAnswer } from '../../kit/store-proxy.ts'
import type { ProtocolWrite } from './archive-watch.ts'
import type { RunningCommand } from './coldstream.ts'
import type { WatchedArchive } from './round.ts'

/** A point of the commit protocol at which a process is killed. */
export interface KillPoint {
  /** Whether the process is to die at this write. */
  at(write: ProtocolWrite): boolean
  /** `before`: the write never arrives. `unanswered`: it is done, its answer is not. `answered`: the answer was the last it got. */
  when: 'before' | 'unanswered' | 'answered'
}

/**
 * Starts a command and kills it (SIGKILL) exactly at a point, which the store's proxy sees come: nothing that it asks
 * afterwards reaches the store. Throws when the command ended without having come there.
 */
export async function killAt(archive: WatchedArchive, point: KillPoint, start: () => RunningCommand): Promise<void> {
  const { proxy, watch } = archive
  let killed = false
  const kill = (): null => {
    killed = true
    command.process.kill('SIGKILL')
    return null
  }
  const decide = async (write: ProtocolWrite, forward: () => Promise<StoreAnswer>): Promise<StoreAnswer | null> => {
    if (!point.at(write)) return forward()
    if (point.when === 'before') return kill()
    const answer = await forward()
    if (point.when === 'unanswered') return kill()
    return { ...answer, delivered: () => void kill() }
  }
  const watched = watch.handler((write, forward) => (killed ? Promise.resolve(null) : decide(write, forward)))
  proxy.handler = (request, forward) => (killed ? Promise.resolve(null) : watched(request, forward))
  const command = start()
  const { signal, code, stderr } = await command.ended
  proxy.handler = watch.handler((_write, forward) => forward())
  if (signal !== 'SIGKILL') throw new Error(`The point was never reached; the command ended with ${code}: ${stderr}`)
}
