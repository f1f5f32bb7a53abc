import { setMaxListeners } from 'node:events'
import { KafkaJSError, KafkaJSNonRetriableError } from '../../errors/index.js'
import type { CheckpointStoreOptions } from '../../types/checkpoint-store.js'
import { createPlaces, mapConcurrently } from '../../util/concurrency.js'
import { defaultStoreLogger, type StoreLogger } from '../logger.js'
import { type CheckpointContainer, hasFixedCredential, type LazyCheckpointContainerChoice } from './container.js'
import { fromStorageError, isContainerMissing, isCredentialRefused } from './errors.js'
import { createContainerSource } from './source.js'

type Operation<T> = (container: CheckpointContainer, abortSignal: AbortSignal) => Promise<T>

/** Calls to a container: each ends in time, fails with errors of kafkajs's family, and can be given up by the caller. */
export interface BlobSession {
  /** `whenMissing` is the answer when there is no such container. */
  read<T>(operation: Operation<T>, whenMissing: T, options?: CheckpointStoreOptions): Promise<T>
  /** Makes the container when there is none, and only then: most credentials of applications may not. */
  write<T>(operation: Operation<T>, options?: CheckpointStoreOptions): Promise<T>
  /** Requests of one operation, few at a time also where several operations have many: groups are deleted side by side. */
  each(names: readonly string[], request: (name: string) => Promise<unknown>): Promise<void>
}

/**
 * The storage SDK's retries end by themselves within some seconds, but for a peer that neither answers nor refuses. By
 * then a lease of the default 30 s must still be there to be renewed.
 */
const DEADLINE_MS = 20_000

export function createBlobSession(
  choice: LazyCheckpointContainerChoice,
  deadline: number = DEADLINE_MS,
  logger: StoreLogger = defaultStoreLogger(),
): BlobSession {
  const places = createPlaces()
  const source = createContainerSource(choice, { timeout: deadline, logger })
  /** A key or a signature that is refused stays refused. */
  const isLasting = (error: unknown) =>
    !('containerClient' in choice) && hasFixedCredential(choice) && isCredentialRefused(error)
  let hasWritten = false

  const run = async <T>(operation: Operation<T>, { abortSignal }: CheckpointStoreOptions = {}): Promise<T> => {
    const controller = new AbortController()
    const abort = () => controller.abort()
    let late = false
    const timer = setTimeout(() => {
      late = true
      abort()
    }, deadline)
    // One call of the store may make many of these at a time: a member renews all of its leases in one.
    if (abortSignal instanceof EventTarget) setMaxListeners(0, abortSignal)
    abortSignal?.addEventListener('abort', abort)
    if (abortSignal?.aborted) abort()
    let name = 'of the checkpoint store'
    let url: string | undefined
    try {
      for (;;) {
        const container = await source.current()
        name = container.containerName
        url = (container as { url?: string }).url
        try {
          const result = await operation(container, controller.signal)
          source.accepted(container)
          return result
        } catch (error) {
          if (!isCredentialRefused(error) || !source.refused(container, error as Error)) throw error
        }
      }
    } catch (error) {
      if (late) throw new KafkaJSError(`The checkpoint container ${name} did not answer within ${deadline} ms`)
      // Whoever could write has the rights: a role, a firewall's rule or an identity service that is gone may come back.
      throw fromStorageError(error, { container: name, url, mayPass: hasWritten && !isLasting(error) })
    } finally {
      clearTimeout(timer)
      abortSignal?.removeEventListener('abort', abort)
    }
  }

  const create: Operation<void> = async (container, abortSignal) => {
    try {
      await container.createIfNotExists({ abortSignal })
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode !== 403) throw error
      throw new KafkaJSNonRetriableError(
        `The checkpoint container ${container.containerName} does not exist, and the credential may not create it: create it, or allow it to`,
        { cause: error },
      )
    }
  }

  return {
    async each(names, request) {
      await mapConcurrently(names, (name) => places.run(() => request(name)))
    },

    read: (operation, whenMissing, options) =>
      run(async (container, abortSignal) => {
        try {
          return await operation(container, abortSignal)
        } catch (error) {
          if (isContainerMissing(error)) return whenMissing
          throw error
        }
      }, options),

    async write(operation, options) {
      const result = await run(async (container, abortSignal) => {
        try {
          return await operation(container, abortSignal)
        } catch (error) {
          if (!isContainerMissing(error)) throw error
          await create(container, abortSignal)
          return await operation(container, abortSignal)
        }
      }, options)
      hasWritten = true
      return result
    },
  }
}
