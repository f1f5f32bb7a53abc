import type { CheckpointStoreOptions, StoredGroup } from '../../types/checkpoint-store.js'
import { decodeSpelling, encodeGroup, namespacePrefix, parseBlobName } from './names.js'
import { isFolder, toSpelling } from './records.js'
import type { BlobSession } from './session.js'

interface FoundGroup {
  /** Undefined: shortened in every blob name, and no metadata tells. */
  name: string | undefined
  /** In lower case → as spelled. */
  readonly eventHubs: Map<string, string>
}

/** Every group of a namespace, from one listing of its blobs: other SDKs' groups too. */
export async function listBlobGroups(
  session: BlobSession,
  namespace: string,
  options?: CheckpointStoreOptions,
): Promise<StoredGroup[]> {
  const groups = new Map<string, FoundGroup>()
  const prefix = namespacePrefix(namespace)
  await session.read(
    async (container, abortSignal) => {
      for await (const { name, metadata } of container.listBlobsFlat({ prefix, includeMetadata: true, abortSignal })) {
        const parsed = parseBlobName(name)
        if (!parsed || isFolder(metadata)) continue
        const spelling = toSpelling(metadata)
        const group = groups.get(parsed.encodedGroup) ?? { name: parsed.consumerGroup, eventHubs: new Map() }
        groups.set(parsed.encodedGroup, group)
        group.name = decodeSpelling(spelling.group) ?? group.name
        const hub = decodeSpelling(spelling.eventHub) ?? parsed.eventHubName
        if (hub === undefined || hub.startsWith('$')) continue
        if (spelling.eventHub !== undefined || !group.eventHubs.has(hub)) group.eventHubs.set(hub.toLowerCase(), hub)
      }
    },
    undefined,
    options,
  )
  return [...groups.values()].flatMap(({ name, eventHubs }) =>
    name === undefined ? [] : [{ consumerGroup: name, eventHubNames: [...eventHubs.values()] }],
  )
}

export async function deleteBlobGroup(
  session: BlobSession,
  namespace: string,
  group: string,
  options?: CheckpointStoreOptions,
): Promise<void> {
  const wanted = encodeGroup(group)
  const prefix = namespacePrefix(namespace)
  await session.read(
    async (container, abortSignal) => {
      const names: string[] = []
      for await (const { name } of container.listBlobsFlat({ prefix, includeMetadata: false, abortSignal })) {
        if (parseBlobName(name)?.encodedGroup === wanted) names.push(name)
      }
      await session.each(names, (name) => container.getBlockBlobClient(name).deleteIfExists({ abortSignal }))
    },
    undefined,
    options,
  )
}
