import type { NamedPartition, Subscription } from './consumer-protocol.ts'

/** A member as the leader of a classic group sees it. */
export interface Claimant extends Subscription {
  memberId: string
}

/** Partitions by member id. */
export type Division = Map<string, NamedPartition[]>

/**
 * Divides the partitions of `counts` (topic -> how many) among members that subscribe to them. Members with the same topics
 * get the same number, give or take one; as far as that allows, everyone keeps what it owns. The result depends on
 * nothing but the input. Topics that nobody wants are left out.
 */
export function stickyDivision(members: readonly Claimant[], counts: ReadonlyMap<string, number>): Division {
  const shares = [...members].sort(byMemberId).map((member) => new Share(member))
  const owners = ownersOf(members)
  const free: { candidates: Share[]; partition: NamedPartition }[] = []
  for (const [topic, count] of [...counts].sort(([one], [other]) => compare(one, other))) {
    const candidates = shares.filter((share) => share.topics.has(topic))
    for (let number = 0; number < count; number += 1) {
      const partition = { topic, partition: number }
      const owner = candidates.find((share) => share.memberId === owners.get(keyOf(partition))?.memberId)
      if (owner !== undefined) owner.kept.push(partition)
      else if (candidates.length > 0) free.push({ candidates, partition })
    }
  }
  // What few may have is given out first: it cannot make up for an uneven start.
  free.sort((one, other) => one.candidates.length - other.candidates.length)
  for (const { candidates, partition } of free) {
    candidates.reduce((least, share) => (share.size < least.size ? share : least)).taken.push(partition)
  }
  level(shares)
  return new Map(shares.map((share) => [share.memberId, [...share.kept, ...share.taken]]))
}

/**
 * What members may have at once (KIP-429): all that is theirs in the division, but for what another still owns. Whoever
 * owns such a partition sees that it has to let go of it, and joins again when it has.
 */
export function withholdOwned(division: Division, members: readonly Claimant[]): Division {
  const owners = Map.groupBy(
    members.flatMap(({ memberId, owned }) => owned.map((partition) => ({ memberId, key: keyOf(partition) }))),
    ({ key }) => key,
  )
  const mayHave = (memberId: string, partition: NamedPartition): boolean => {
    const claims = owners.get(keyOf(partition)) ?? []
    return claims.length === 0 || claims.some((claim) => claim.memberId === memberId)
  }
  return new Map(
    [...division].map(([memberId, share]) => [memberId, share.filter((partition) => mayHave(memberId, partition))]),
  )
}

class Share {
  readonly memberId: string
  readonly topics: ReadonlySet<string>
  readonly kept: NamedPartition[] = []
  readonly taken: NamedPartition[] = []

  constructor(member: Claimant) {
    this.memberId = member.memberId
    this.topics = new Set(member.topics)
  }

  get size(): number {
    return this.kept.length + this.taken.length
  }

  /** Removes a partition of one of these topics, rather one that it did not own before. */
  giveUp(topics: ReadonlySet<string>): NamedPartition | undefined {
    for (const list of [this.taken, this.kept]) {
      const index = list.findLastIndex(({ topic }) => topics.has(topic))
      if (index >= 0) return list.splice(index, 1)[0]
    }
    return undefined
  }
}

/** Moves partitions from the largest shares to the smallest as long as that brings the two closer. */
function level(shares: readonly Share[]): void {
  while (moveOne(shares));
}

/** Every move makes the sum of squares of the sizes smaller, so there is a last one. */
function moveOne(shares: readonly Share[]): boolean {
  const ascending = [...shares].sort((one, other) => one.size - other.size)
  for (const receiver of ascending) {
    for (const giver of ascending.toReversed()) {
      if (giver.size < receiver.size + 2) break
      const partition = giver.giveUp(receiver.topics)
      if (partition === undefined) continue
      receiver.taken.push(partition)
      return true
    }
  }
  return false
}

/** Who owns what: of several that say so the one that came to it last, as the others were thought dead meanwhile. */
function ownersOf(members: readonly Claimant[]): Map<string, Claimant> {
  const owners = new Map<string, Claimant>()
  for (const member of [...members].sort(byMemberId)) {
    for (const partition of member.owned) {
      const other = owners.get(keyOf(partition))
      if (other === undefined || other.generation < member.generation) owners.set(keyOf(partition), member)
    }
  }
  return owners
}

function keyOf({ topic, partition }: NamedPartition): string {
  return `${topic}/${partition}`
}

function byMemberId(one: Claimant, other: Claimant): number {
  return compare(one.memberId, other.memberId)
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
