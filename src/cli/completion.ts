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

/**
 * The lines of a shell function that read the `words` so far and put what can follow into `choices`; bash and zsh agree
 * on their form. (`path` and `words` are names that zsh keeps for itself.)
 */
function choose(program: Command, words: string, assign: (choices: string) => string): string {
  const places = placesOf(program)
  const paths = places.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`]))
  const cases = places.map(
    ({ path, commands, options }) => `    '${path}') choices=${assign([...commands, ...options].join(' '))} ;;`,
  )
  return `  for word in ${words}; do
    case "\${place:+$place }$word" in
      ${paths.join(' | ')}) place="\${place:+$place }$word" ;;
    esac
  done
  case "$place" in
${cases.join('\n')}
  esac`
}

/** A completion script for bash. */
export function bashCompletion(program: Command): string {
  return `# bash completion for ${program.name()}
_kafkajs_eventhubs() {
  local word place='' choices=''
  local current="\${COMP_WORDS[COMP_CWORD]}"
${choose(program, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`, (choices) => `'${choices}'`)}
  COMPREPLY=($(compgen -W "$choices" -- "$current"))
  [[ \${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- "$current"))
}
complete -F _kafkajs_eventhubs ${program.name()}
`
}

/** A completion script for zsh, to be sourced, or to lie in `fpath` as `_kafkajs-eventhubs`. */
export function zshCompletion(program: Command): string {
  return `#compdef ${program.name()}
_kafkajs_eventhubs() {
  local word place=''
  local -a choices
${choose(program, `"\${(@)words[2,CURRENT-1]}"`, (choices) => `(${choices})`)}
  compadd -a choices || _files
}
if [[ "$funcstack[1]" == _${program.name()} ]]; then
  _kafkajs_eventhubs "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _kafkajs_eventhubs ${program.name()}
fi
`
}
