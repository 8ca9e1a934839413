/** `millrace completion SHELL`: a script that asks `millrace __complete` what could come next (complete.ts). */
import { didYouMean } from '../gateway/suggest.ts';
import { MillraceError } from '../protocol/errors.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import { contextOf } from './context.ts';
import type { Context, Flags } from './context.ts';
import { exitCodes } from './exit.ts';
import { print } from './print.ts';

/** Words are cut at blanks alone: bash would cut `key=value` in two, and wants only the part behind. */
const bash = `# millrace completion for bash. Once: source <(millrace completion bash)
_millrace() {
  local line="\${COMP_LINE:0:COMP_POINT}" words candidate
  read -ra words <<< "$line"
  [[ "$line" == *[[:blank:]] ]] && words+=("")
  local current="\${words[\${#words[@]} - 1]}" prefix=""
  [[ "$current" == *=* ]] && prefix="\${current%=*}="
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    COMPREPLY+=("\${candidate#"$prefix"}")
    [[ "$candidate" == *= ]] && compopt -o nospace
  done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _millrace millrace`;

const zsh = `#compdef millrace
# millrace completion for zsh. Once, after compinit: source <(millrace completion zsh)
_millrace() {
  local candidate about
  local -a whole open
  while IFS=$'\\t' read -r candidate about; do
    if [[ "$candidate" == *= ]]; then open+=("$candidate")
    else whole+=("\${candidate//:/\\\\:}:$about"); fi
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#open )) && compadd -S '' -- $open
  (( $#whole )) && _describe -V millrace whole
  (( $#open + $#whole )) || _files
}
compdef _millrace millrace`;

const fish = `# millrace completion for fish. Once: millrace completion fish | source
complete -c millrace -f -a '(millrace __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
complete -c millrace -n '__fish_prev_arg_in --config --data' -F`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };

export const declareCompletion: Declare = (program, act) => {
  program
    .command('completion')
    .argument('<shell>', Object.keys(scripts).join(', '))
    .description('print a script that completes commands, flags, types and ids')
    .addHelpText(
      'after',
      "\nPut the line that its second line names into your shell's start-up file.",
    )
    .addHelpText('after', examples('completion bash', 'completion zsh', 'completion fish'))
    .action(
      act((_context: Context, shell: string) => {
        print(scriptOf(shell));
        return Promise.resolve(exitCodes.complete);
      }),
    );
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(
      act(async ({ hosting }: Context, words: readonly string[]) => {
        const { candidates, flagsIn } = await import('./complete.ts');
        const flags: Flags = flagsIn(program, words);
        for (const { text, about } of await candidates(program, words, contextOf(hosting, flags)))
          print(`${text}\t${about}`);
        return exitCodes.complete;
      }),
    );
};

function scriptOf(shell: string): string {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script !== undefined) return script;
  const shells = Object.keys(scripts);
  throw new MillraceError(
    'usage',
    `there is no completion for "${shell}"${didYouMean(shell, shells)}; there is for ${shells.join(', ')}`,
  );
}
