/**
 * Adds items to a list, however many. `push(...items)` hands each over on the stack, which has room for some hundred
 * thousand.
 */
export function appendAll<Item>(list: Item[], items: Iterable<Item>): void {
  for (const item of items) list.push(item)
}
