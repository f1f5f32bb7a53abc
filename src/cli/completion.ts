import type { Command } from 'commander'

/** The choices in one place of a command line. */
interface Place {
  /** The commands that lead here, e.g. `topics list`. */
  readonly path: string
  readonly commands: readonly string[]
  readonly options: readonly string[]
}

/** Every place of a program where something can be completed. */
function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const commands = command.commands.filter((child) => child.name() !== 'help')
  const options = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => (long ? [long] : []))
  const here = { path: path.join(' '), commands: commands.map((child) => child.name()), options }
  return [here, ...commands.flatMap((child) => placesOf(child, [...path, child.name()]))]
}

/** A completion script for bash. */
export function bashCompletion(program: Command): string {
  const cases = placesOf(program).map(
    ({ path, commands, options }) => `    '${path}') words='${[...commands, ...options].join(' ')}' ;;`,
  )
  return `# bash completion for ${program.name()}
_kafkajs_eventhubs() {
  local word path='' words=''
  local current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${placesOf(program)
        .filter(({ path }) => path !== '')
        .map(({ path }) => `'${path}'`)
        .join(' | ')}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _kafkajs_eventhubs ${program.name()}
`
}

/** A completion script for zsh, which runs bash's. */
export function zshCompletion(program: Command): string {
  return `#compdef ${program.name()}
autoload -U +X bashcompinit && bashcompinit
${bashCompletion(program)}`
}
