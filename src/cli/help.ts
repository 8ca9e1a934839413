/** `millrace help [NAME]`: what commands do, and what args a request takes. */
import type { Command } from 'commander';
import { didYouMean } from '../gateway/suggest.ts';
import { MillraceError } from '../protocol/errors.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { exitCodes } from './exit.ts';
import type { RequestKind } from './kinds.ts';
import { print } from './print.ts';
import { oneLine, pad, widthOf } from './text.ts';

export const declareHelp: Declare = (program, act) => {
  program
    .helpCommand(false)
    .command('help')
    .argument('[name]', 'a command, or a type of requests')
    .description('tell what there is, what a command does, or what args a request takes')
    .addHelpText('after', examples('help', 'help find', 'help checksum-tree'))
    .action(act((context: Context, name?: string) => help(program, context, name)));
};

async function help(program: Command, context: Context, name: string | undefined): Promise<number> {
  const command = program.commands.find((each) => each.name() === name);
  if (name === undefined) print(program.helpInformation().trimEnd());
  if (command !== undefined) command.outputHelp();
  if (name === undefined || command !== undefined) return exitCodes.complete;
  const kinds = await context.kinds();
  const kind = kinds.find(({ type }) => type === name);
  if (kind === undefined) {
    const names = [
      ...program.commands.map((each) => each.name()),
      ...kinds.map(({ type }) => type),
    ];
    throw new MillraceError(
      'usage',
      `there is no command and no request "${name}"${didYouMean(name, names)}; requests are ${kinds.map(({ type }) => type).join(', ')}`,
    );
  }
  tell(kind);
  return exitCodes.complete;
}

function tell({ type, args }: RequestKind): void {
  print(oneLine(`${type} request args (* required)`));
  const width = Math.max(0, ...args.map(({ name }) => widthOf(oneLine(name))));
  for (const { name, desc, isRequired, default: text = '' } of args) {
    const more = isRequired || text === '' ? '' : `(default: ${text})`;
    const about = [desc, more].filter((part) => part !== '').join(' ');
    print(oneLine(`${isRequired ? '*' : ' '} ${pad(oneLine(name), width)}  ${about}`).trimEnd());
  }
}
