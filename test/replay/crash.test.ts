import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { archiveTopic, assertEmitted, freshName, type Stage, setStage } from './kit.ts'

const child = fileURLToPath(new URL('replay-child.ts', import.meta.url))
const rounds = Number(process.env.COLDSTREAM_TEST_KILLS ?? 4)

describe('a replay whose process is killed', () => {
  it(`emits every record once after ${rounds} kill -9 at random moments, continued under the same id`, async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { records: 6_000, perCommit: 2_000 })
    const total = [...source.values()].flat().length
    const request = JSON.stringify({ id, source: { topic }, target: { topic: target } })
    let rows = -1
    for (let round = 0; round < rounds; round += 1) {
      // The first one comes before anything is committed, the others anywhere in their share of the records.
      const share = (total * round) / (rounds + 1) - rows
      const killAt = round === 0 ? -1 : rows + Math.floor(Math.random() * Math.max(0, share))
      const delayMs = Math.floor(Math.random() * 6)
      t.diagnostic(`round ${round}: killed ${delayMs} ms after more than ${killAt} rows were committed`)
      rows = await runAndKill(stage, request, killAt, delayMs)
      assert.ok(rows < total, 'killed before its end')
    }
    await stage.service.create(JSON.parse(request))
    const status = await stage.service.finished(id)
    assert.equal(status.progress?.rows, total)
    await assertEmitted(stage, target, source)
  })
})

/** Runs the replay in a process of its own, kills it a while after it said how much is committed; the rows it last said. */
async function runAndKill(stage: Stage, request: string, killAt: number, delayMs: number): Promise<number> {
  const options = { stdio: ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'] }
  const running = spawn(process.execPath, [child, stage.folder, stage.brokers.join(), request], options)
  const exited = once(running, 'exit')
  let rows = -1
  let killing = false
  for await (const line of createInterface({ input: running.stdout })) {
    if (/^\d+$/.test(line)) rows = Number(line)
    if (killing || rows <= killAt) continue
    killing = true
    setTimeout(() => running.kill('SIGKILL'), delayMs)
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  return rows
}
