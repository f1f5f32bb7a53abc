import type { Namespace } from '../model/namespace.js'
import type { Coordinator } from './groups/coordinator.js'

/** A committed offset of a Kafka group. @public */
export interface EmulatedKafkaOffset {
  /** Name of the event hub. */
  readonly topic: string
  /** Number of the partition. */
  readonly partition: number
  /** The next one to be read. */
  readonly offset: number
  /** The metadata committed with it. */
  readonly metadata: string
  /** Events from it to the end. */
  readonly lag: number
}

/** A member of a Kafka group. @public */
export interface EmulatedKafkaMember {
  /** The id the emulator chose. */
  readonly memberId: string
  /** Of a static member: its `group.instance.id`. */
  readonly groupInstanceId: string | undefined
  /** The name the client has for itself. */
  readonly clientId: string
  /** Its address, with a slash before it as in Kafka. */
  readonly clientHost: string
}

/** A group of Kafka clients. It has nothing to do with the consumer groups of event hubs. @public */
export interface EmulatedKafkaGroup {
  /** Its id. */
  readonly groupId: string
  /** The state as DescribeGroups says it: `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty` or `Dead`. */
  readonly state: string
  /** Goes up with each rebalance. */
  readonly generationId: number
  /** Name of the assigner that was agreed on. */
  readonly protocol: string
  /** The members that are in it. */
  readonly members: readonly EmulatedKafkaMember[]
  /** The offsets it has committed, by topic and partition. */
  readonly offsets: readonly EmulatedKafkaOffset[]
}

/** The groups of Kafka clients, to be looked at. @public */
export interface EmulatedKafkaGroups {
  /** All of them, those without members included, in the order of their ids. */
  list(): EmulatedKafkaGroup[]
  /** Undefined when there is none. */
  get(groupId: string): EmulatedKafkaGroup | undefined
}

/** `coordinator` gives undefined as long as no Kafka client has come. */
export function inspectKafkaGroups(
  coordinator: () => Coordinator | undefined,
  namespace: Namespace,
): EmulatedKafkaGroups {
  function inspect(groups: Coordinator, groupId: string): EmulatedKafkaGroup {
    const { state, generationId, protocol, members } = groups.describe(groupId)
    return {
      groupId,
      state,
      generationId,
      protocol,
      members: members.map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId ?? undefined,
        clientId: member.clientId,
        clientHost: member.clientHost,
      })),
      offsets: groups.offsetsOf(groupId).map(({ topic, partition, offset, metadata }) => {
        const log = namespace.getEventHub(topic)?.partitions[partition]?.log
        return { topic, partition, offset, metadata: metadata ?? '', lag: Math.max(0, (log?.end ?? offset) - offset) }
      }),
    }
  }
  return {
    list() {
      const groups = coordinator()
      return groups ? groups.ids().map((id) => inspect(groups, id)) : []
    },
    get(groupId) {
      const groups = coordinator()
      return groups?.ids().includes(groupId) ? inspect(groups, groupId) : undefined
    },
  }
}
