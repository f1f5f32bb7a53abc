import type { Connection } from '../../client/connection.js'
import type { Topics } from '../../client/topics.js'
import type { ConsumerSettings, EventHubsSettings } from '../../config/settings.js'
import type { Joined } from '../../group/member.js'
import type { Instrumentation, Requests } from '../../instrumentation/events.js'
import type { CheckpointStore } from '../../types/checkpoint-store.js'
import type { ConsumerEvents, ConsumerRunConfig, Logger } from '../../types/index.js'
import type { HandlerCalls } from '../partition/handler-calls.js'
import type { Steering } from './steering.js'

/** The parts a run works on, once it is connected. */
export interface RunConnection {
  readonly connection: Connection
  readonly store: CheckpointStore
}

export interface RunOptions {
  readonly settings: ConsumerSettings
  readonly clientId: string
  /** ms */
  readonly requestTimeout: number
  readonly eventHubs: EventHubsSettings
  readonly config: ConsumerRunConfig
  /** The topics as Event Hubs has them, shared with `subscribe()`. */
  readonly known: Topics
  /** Topic → fromBeginning. */
  readonly topics: ReadonlyMap<string, boolean>
  readonly instrumentation: Instrumentation<ConsumerEvents>
  readonly requests: Requests
  readonly runnerLogger: Logger
  readonly groupLogger: Logger
  /** The run can't go on. Called once at most; `stop()` is the caller's. */
  readonly onCrash: (error: Error) => void
}

/** The part of a run that exists before it is connected, and shares with its connected half. */
export interface RunState extends RunOptions {
  readonly steering: Steering
  readonly stopping: AbortSignal
  fail(thrown: unknown): void
  readonly calls: HandlerCalls
  isRunning(): boolean
  heartbeat(): void
  fetched(): Promise<void>
  joined(joined: Joined): void
}
