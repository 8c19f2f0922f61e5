import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EventLog } from '../../src/ports/event-log.ts'
import type { WorkOptions } from '../../src/ports/group-membership.ts'
import { GroupSlots } from '../../src/replay/run/group-slots.ts'
import { silentLog } from './kit.ts'

/** An instance that was given those slots of all which `isMine` takes. */
async function memberWith(isMine: (slot: number, slots: number) => boolean): Promise<GroupSlots> {
  const joinWork = async ({ slots, listener }: WorkOptions) => {
    const all = Array.from({ length: slots }, (_, slot) => slot)
    await listener.assigned(all.filter((slot) => isMine(slot, slots)))
    return { leave: () => Promise.resolve() }
  }
  const eventLog = { joinWork } as unknown as EventLog
  const slots = new GroupSlots(eventLog, 'file:///archive', silentLog)
  await slots.join()
  return slots
}

describe('the shares of a replay', () => {
  const replays = Array.from({ length: 100 }, (_, number) => `replay-${number}`)
  const sharesOf = (member: GroupSlots, replay: string): number =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((share) => member.has(replay, share)).length

  const divisions: Readonly<Record<string, (part: number, of: number) => (slot: number, slots: number) => boolean>> = {
    'runs of slots': (part, of) => (slot, slots) => Math.floor((slot * of) / slots) === part,
    'slots in turn': (part, of) => (slot) => slot % of === part,
  }
  for (const [name, division] of Object.entries(divisions)) {
    for (const instances of [2, 3]) {
      it(`spread over ${instances} instances that have ${name}`, async () => {
        const members = await Promise.all(
          Array.from({ length: instances }, (_, part) => memberWith(division(part, instances))),
        )
        for (const replay of replays) {
          const counts = members.map((member) => sharesOf(member, replay))
          assert.equal(
            counts.reduce((sum, count) => sum + count, 0),
            8,
          )
          assert.ok(Math.min(...counts) >= 1 && Math.max(...counts) <= 5, `${replay}: ${counts}`)
        }
      })
    }
  }
})
