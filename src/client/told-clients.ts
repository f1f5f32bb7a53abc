/**
 * The clients of one kind that a `Kafka` has made, for whoever wants to read what they tell of themselves. It keeps none of
 * them alive, and holds nothing of their state: each is asked.
 */
export interface ToldClients<T> {
  /**
   * Adds a client.
   *
   * @param owner - an object that lives as long as the client does, and no longer
   * @param tell - what it tells, undefined while there is nothing to tell; `id` is its number among its kind
   */
  add(owner: object, tell: (id: number) => T | undefined): void
  /** All there is to tell at the moment, in the order in which they were made. */
  read(): T[]
}

export function createToldClients<T>(): ToldClients<T> {
  let nextId = 0
  const tellings = new WeakMap<object, () => T | undefined>()
  const owners = new Set<WeakRef<object>>()
  const gone = new FinalizationRegistry<WeakRef<object>>((owner) => owners.delete(owner))
  return {
    add(owner, tell) {
      const id = nextId++
      const ref = new WeakRef(owner)
      tellings.set(owner, () => tell(id))
      owners.add(ref)
      gone.register(owner, ref)
    },
    read: () =>
      [...owners].flatMap((ref) => {
        const owner = ref.deref()
        return (owner && tellings.get(owner)?.()) ?? []
      }),
  }
}
