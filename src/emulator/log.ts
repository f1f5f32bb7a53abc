/** Something that happened in the emulator. @public */
export interface EmulatorLogEntry {
  /** `warn`: what may not be meant, or what another emulator would refuse. */
  readonly level: 'info' | 'warn'
  /** A sentence. */
  readonly message: string
}

/** Takes what happens in the emulator. @public */
export type EmulatorLog = (entry: EmulatorLogEntry) => void
