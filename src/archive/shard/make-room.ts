import type { Lane } from './lane.ts'

/**
 * Brings the memory of a shard's segments under its bound. Raw pages are compressed before their time, if that is worth
 * it; then the fullest partition closes, again and again, and its commit is waited for: nothing is read meanwhile.
 */
export async function makeRoom(lanes: readonly Lane[], maxBytes: number): Promise<void> {
  const held = (): number => lanes.reduce((bytes, { capture }) => bytes + capture.heldBytes, 0)
  if (held() <= maxBytes) return
  const raw = lanes.reduce((bytes, { capture }) => bytes + capture.rawBytes, 0)
  if (raw >= maxBytes / 4) for (const { capture } of lanes) capture.squeeze()
  while (held() > maxBytes) {
    const fullest = lanes.reduce((most, lane) => (lane.capture.openBytes > most.capture.openBytes ? lane : most))
    fullest.capture.close('memory')
    // one that stopped for good keeps its memory until it is let go of, which is about to happen
    const busy = lanes.filter(({ capture: { commits } }) => commits.length > 0 && commits.failure === null)
    if (busy.length === 0) return
    await Promise.race(busy.map(({ capture }) => capture.commits.idle()))
  }
}
