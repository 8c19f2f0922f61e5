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
    const source = await archiveTopic(stage.store, topic, { records: 8_000, perCommit: 2_000 })
    const total = [...source.values()].flat().length
    const request = JSON.stringify({ id, source: { topic }, target: { topic: target } })
    let rows = 0
    for (let round = 0; round < rounds; round += 1) {
      // Anywhere between before its start and well into what is left.
      const killAt = rows + Math.floor(Math.random() * ((total - rows) / 2))
      const delayMs = Math.floor(Math.random() * 20)
      t.diagnostic(`round ${round}: from ${rows} rows, killed ${delayMs} ms after ${killAt}`)
      rows = await runAndKill(stage, request, killAt, delayMs)
    }
    assert.ok(rows < total, 'the last kill came before the end')
    await stage.service.create(JSON.parse(request))
    const status = await stage.service.finished(id)
    assert.equal(status.progress?.rows, total)
    await assertEmitted(stage, target, source)
  })
})

/** Runs the replay in a process of its own and kills it a while after it said that so many rows are committed. */
async function runAndKill(stage: Stage, request: string, killAt: number, delayMs: number): Promise<number> {
  const stdio = ['ignore', 'pipe', 'inherit'] as const
  const running = spawn(process.execPath, [child, stage.folder, stage.brokers.join(), request], { stdio: [...stdio] })
  const exited = once(running, 'exit')
  let rows = 0
  for await (const line of createInterface({ input: running.stdout! })) {
    if (line === 'completed') break
    const committed = Number(line)
    if (rows <= killAt && committed > killAt) setTimeout(() => running.kill('SIGKILL'), delayMs)
    rows = committed
  }
  await exited
  return rows
}
