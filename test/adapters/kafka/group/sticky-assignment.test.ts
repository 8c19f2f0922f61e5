import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { NamedPartition } from '../../../../src/adapters/kafka/group/consumer-protocol.ts'
import {
  type Claimant,
  type Division,
  stickyDivision,
  withholdOwned,
} from '../../../../src/adapters/kafka/group/sticky-assignment.ts'

const topicNames = ['a', 'b', 'c', 'd']
const counts = fc
  .array(fc.nat(9), { minLength: 4, maxLength: 4 })
  .map((sizes) => new Map(topicNames.map((topic, index) => [topic, sizes[index]!])))
const partition = fc.record({ topic: fc.constantFrom(...topicNames), partition: fc.nat(11) }, { noNullPrototype: true })

/** Members as they may come: with any topics, and claims that contradict each other. */
const members = fc
  .array(
    fc.record({
      topics: fc.subarray(topicNames),
      owned: fc.uniqueArray(partition, { selector: keyOf, maxLength: 12 }),
      generation: fc.integer({ min: -1, max: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((all) => all.map((member, index): Claimant => ({ memberId: `m${index}`, ...member })))

/** A group that works already: equal topics, every partition owned by at most one. */
const group = fc
  .tuple(fc.integer({ min: 1, max: 6 }), counts, fc.infiniteStream(fc.nat(6)))
  .map(([size, sizes, owner]) => {
    const all = Array.from({ length: size }, (_, index): Claimant & { owned: NamedPartition[] } => ({
      memberId: `m${index}`,
      topics: topicNames,
      owned: [],
      generation: 1,
    }))
    for (const one of everything(sizes)) all[owner.next().value]?.owned.push(one)
    return { members: all, counts: sizes }
  })

function keyOf({ topic, partition }: NamedPartition): string {
  return `${topic}/${partition}`
}

function everything(sizes: ReadonlyMap<string, number>): NamedPartition[] {
  return [...sizes].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, number) => ({ topic, partition: number })),
  )
}

function given(division: Division): string[] {
  return [...division.values()].flat().map(keyOf).sort()
}

/** How many rounds change something, when everyone lets go of what it is not given. */
function roundsToRest(start: readonly Claimant[], sizes: ReadonlyMap<string, number>): number {
  let before = start
  for (let round = 0; round < 20; round += 1) {
    const division = withholdOwned(stickyDivision(before, sizes), before)
    const after = before.map((member) => ({ ...member, owned: division.get(member.memberId)!, generation: 4 + round }))
    if (after.every((member, index) => shareOf(member) === shareOf(before[index]!))) {
      // Nothing is withheld for ever.
      assert.deepEqual(given(division), given(stickyDivision(before, sizes)))
      return round
    }
    before = after
  }
  return Number.POSITIVE_INFINITY
}

function shareOf({ owned }: Claimant): string {
  return owned.map(keyOf).sort().join()
}

describe('the division of a classic group', () => {
  it('gives every partition that someone wants to exactly one, who wants it', () => {
    fc.assert(
      fc.property(members, counts, (all, sizes) => {
        const division = stickyDivision(all, sizes)
        const wanted = new Set(all.flatMap(({ topics }) => topics))
        assert.deepEqual(
          given(division),
          everything(sizes)
            .filter(({ topic }) => wanted.has(topic))
            .map(keyOf)
            .sort(),
        )
        for (const { memberId, topics } of all) {
          assert.ok(division.get(memberId)!.every(({ topic }) => topics.includes(topic)))
        }
      }),
    )
  })

  it('differs by one at most between members with the same topics', () => {
    fc.assert(
      fc.property(members, counts, (all, sizes) => {
        const division = stickyDivision(all, sizes)
        for (const equals of Map.groupBy(all, ({ topics }) => topics.join()).values()) {
          const numbers = equals.map(({ memberId }) => division.get(memberId)!.length)
          assert.ok(Math.max(...numbers) - Math.min(...numbers) <= 1)
        }
      }),
    )
  })

  it('takes from a member no more than balance demands', () => {
    fc.assert(
      fc.property(group, ({ members: all, counts: sizes }) => {
        const division = stickyDivision(all, sizes)
        const fair = Math.floor(everything(sizes).length / all.length)
        for (const { memberId, owned } of all) {
          const now = new Set(division.get(memberId)!.map(keyOf))
          const kept = owned.filter((one) => now.has(keyOf(one))).length
          assert.ok(
            kept >= Math.min(owned.length, fair),
            `${memberId} kept ${kept} of ${owned.length}, fair are ${fair}`,
          )
        }
      }),
    )
  })

  it('does not depend on the order of the members', () => {
    fc.assert(
      fc.property(members, counts, (all, sizes) => {
        const division = stickyDivision(all, sizes)
        assert.deepEqual(new Map([...stickyDivision([...all].reverse(), sizes)].sort()), new Map([...division].sort()))
      }),
    )
  })

  it('withholds what another still owns, and nothing else', () => {
    fc.assert(
      fc.property(members, counts, (all, sizes) => {
        const division = stickyDivision(all, sizes)
        const first = withholdOwned(division, all)
        for (const { memberId, owned } of all) {
          const others = new Set(all.filter((one) => one.memberId !== memberId).flatMap((one) => one.owned.map(keyOf)))
          const own = new Set(owned.map(keyOf))
          const expected = division.get(memberId)!.filter((one) => own.has(keyOf(one)) || !others.has(keyOf(one)))
          assert.deepEqual(first.get(memberId), expected)
        }
      }),
    )
  })

  it('comes to rest in the round after everyone has let go', () => {
    fc.assert(
      fc.property(members, counts, (all, sizes) => {
        const alike = all.map((member) => ({ ...member, topics: topicNames }))
        assert.ok(roundsToRest(alike, sizes) <= 2)
      }),
    )
  })

  it('comes to rest soon also when members want different topics', () => {
    fc.assert(fc.property(members, counts, (all, sizes) => assert.ok(roundsToRest(all, sizes) <= 5)))
  })

  it('believes of two owners the one of the newer generation', () => {
    const owned = [{ topic: 'a', partition: 0 }]
    const claim = (memberId: string, generation: number): Claimant => ({ memberId, topics: ['a'], owned, generation })
    const division = stickyDivision([claim('m0', 1), claim('m1', 2)], new Map([['a', 1]]))
    assert.deepEqual(division.get('m1'), owned)
  })
})
