import { succeeded } from '../../kit/coldstream.ts'
import { ask, completed } from '../../kit/replay-service.ts'
import { completedBy, ReplayStage } from '../../kit/replay-stage.ts'
import { type OpenWork, plainWork } from '../../kit/replay-work.ts'
import { stop } from '../../kit/round.ts'
import type { Scenario } from '../../kit/scenario.ts'

/** The same command several times at once: each believes that all of the replay is its own. */
export const commands = (count: number, short: number, title = '', open: OpenWork = plainWork): Scenario => ({
  name: `replay: ${title}${count} commands at once`,
  rounds: { full: 5, short },
  async run(round) {
    const { start, judge } = await open(round)
    const running = Array.from({ length: count }, start)
    for (const command of running) await completedBy(command)
    return judge()
  },
})

/** A command and a service believe that the same replay is theirs. */
const besideService: Scenario = {
  name: 'replay: a command beside a service',
  rounds: { full: 5, short: 0 },
  async run(round) {
    const stage = await ReplayStage.open(round)
    const service = await stage.serve()
    const command = stage.replay(['--records-per-second', '3000'])
    await completedBy(command)
    await completed(service, stage.id)
    const status = await ask(service, 'GET', `/v1/replays/${stage.id}`)
    const expected = [...stage.source.values()].reduce((sum, { ids }) => sum + ids.length, 0)
    if (status.progress?.rows !== expected) throw new Error(`it says ${JSON.stringify(status.progress)}`)
    succeeded('serve', await stop(service.command))
    return stage.judge()
  },
}

/** Two runners of one replay. */
export const replayRunners: Scenario[] = [commands(2, 1), commands(3, 0), besideService]
