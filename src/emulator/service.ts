import type { Authorizer } from './authorization.js'
import type { Faults } from './faults.js'
import type { EmulatorLog } from './log.js'
import type { Namespace } from './model/namespace.js'
import type { EmulatorSettings } from './options.js'
import type { Stats } from './stats.js'

/** Everything that the emulator's connections share. */
export interface Service {
  readonly settings: EmulatorSettings
  /** Host and port as clients write them; stands in the service's texts. */
  readonly host: string
  readonly namespace: Namespace
  readonly authorizer: Authorizer
  readonly faults: Faults
  readonly stats: Stats
  readonly log: EmulatorLog
  /** A mistake of the emulator itself: it must not end anything, and must not go unseen. */
  report(error: unknown): void
}
