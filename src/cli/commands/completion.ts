import { Argument, Command } from 'commander'
import { bashCompletion, zshCompletion } from '../completion.js'
import type { Terminal } from '../terminal.js'

/** `completion`: a script for the shell. */
export function completionCommand(terminal: Terminal): Command {
  const command = new Command('completion')
    .description('writes a completion script: source <(kafkajs-eventhubs completion bash)')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
  return command.action((shell: string) => {
    const program = command.parent as Command
    terminal.output.write(shell === 'zsh' ? zshCompletion(program) : bashCompletion(program))
  })
}
