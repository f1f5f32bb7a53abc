import { type ChildProgram, type ChildProgramOptions, startProgram } from './processes.js'
import type { MemberCommand, MemberLine, MemberOptions } from './programs/member.js'

export type { MemberLine, MemberOptions } from './programs/member.js'

/** A consumer in a process of its own. */
export interface Member extends ChildProgram<MemberLine> {
  order(command: MemberCommand): void
  /** Resolves at its first join, or, given a moment, at the first after it. */
  joined(after?: number): Promise<MemberLine & { type: 'joined' }>
  /** Leaves the group in peace and ends. */
  leave(): Promise<void>
}

/** Starts a member; it has joined when `joined()` resolves. */
export function startMember(options: MemberOptions, { log }: Pick<ChildProgramOptions, 'log'> = {}): Member {
  const url = new URL('programs/member.ts', import.meta.url)
  const program = startProgram<MemberLine>(url, {
    env: { MEMBER: JSON.stringify(options) },
    ...(log && { log }),
  })
  return Object.assign(program, {
    order: (command: MemberCommand) => program.send(command),
    joined: (after = 0) =>
      program.waitFor((line): line is MemberLine & { type: 'joined' } => line.type === 'joined' && line.at > after),
    async leave() {
      program.send({ do: 'leave' } satisfies MemberCommand)
      await program.waitFor(({ type }) => type === 'left')
      await program.ended
    },
  })
}

/** Microseconds of the machine's monotonic clock, as in the members' lines. */
export const monotonicNow = (): number => Number(process.hrtime.bigint() / 1000n)
