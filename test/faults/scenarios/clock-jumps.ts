import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expectedOf } from '../kit/expected.ts'
import { archivedBy, stop } from '../kit/round.ts'
import type { Scenario } from '../kit/scenario.ts'
import { createTopic, endsOf, writeOrders } from '../kit/topics.ts'

const library = ['x86_64-linux-gnu', 'aarch64-linux-gnu']
  .map((machine) => `/usr/lib/${machine}/faketime/libfaketime.so.1`)
  .find(existsSync)
const isThere = library !== undefined

/** Seconds that the clock is ahead of the true time, one jump after the other: hours, back again, a day, years. */
const jumps = [0, 7_200, -7_200, 86_400, 0, 31_536_000, -86_400]
const portion = 300

/** The wall clock jumps under a continuous capture (libfaketime, Debian's package faketime); the store's clock does not. */
export const clockJumps: Scenario = {
  name: 'the clock jumps',
  rounds: { full: isThere ? 3 : 0, short: isThere ? 1 : 0 },
  async run(round) {
    const { brokers } = await round.world.kafka()
    const topic = await createTopic(brokers, 'clock')
    const archive = await round.archive(brokers)
    const clock = join(round.folder, 'clock')
    await writeFile(clock, '+0')
    const connector = await round.connector(topic, { 'rotate.schedule.interval.ms': '400' })
    const capture = round.start(['capture', connector], {
      ...archive.settings,
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    })
    for (const [turn, seconds] of jumps.entries()) {
      // Half of the records are open when it jumps.
      await writeOrders(brokers, topic, { from: turn * portion, to: turn * portion + portion / 2 })
      await writeFile(clock, seconds < 0 ? String(seconds) : `+${seconds}`)
      await writeOrders(brokers, topic, { from: turn * portion + portion / 2, to: (turn + 1) * portion })
      await archivedBy(capture, archive, topic, await endsOf(brokers, topic))
    }
    const { code, stderr } = await stop(capture)
    if (code !== 0) throw new Error(`capture ended with ${code}: ${stderr}`)
    return round.judge(archive, topic, await expectedOf(brokers, topic))
  },
}
