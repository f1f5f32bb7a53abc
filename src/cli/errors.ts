/** A mistake in the command line; told with where to read on. Exit code 2. */
export class UsageError extends Error {}

/** Something the command line can tell in one sentence: no stack. Exit code 1. */
export class CommandError extends Error {}

/** Ends a command that has said all there is to say. */
export class ExitCode extends Error {
  readonly code: number

  constructor(code: number) {
    super(`exit code ${code}`)
    this.code = code
  }
}
