import { setTimeout as sleep } from 'node:timers/promises'

const attempts = 100
const pauseMs = 100

/** Asks again and again as long as what goes wrong passes by itself; throws what does not, and in the end also what should have. */
export async function patiently<Answer>(
  ask: () => Promise<Answer>,
  passes: (error: unknown) => boolean,
): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask()
    } catch (error) {
      if (!passes(error) || attempt === attempts) throw error
      await sleep(pauseMs)
    }
  }
}
