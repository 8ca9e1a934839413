/** Commands that a group has seen, and replies that it has promised: what a repeated command is answered with. Pure. */
import type { Obligations, PromisedReply, SeenCommand } from './obligations.ts';

/** How many commands a group remembers, to answer a repeated one alike. */
const rememberedCommands = 256;

/** The tables with a command remembered; the oldest is forgotten. */
export function rememberCommand(held: Obligations, command: SeenCommand): Obligations {
  return { ...held, commands: [...held.commands.slice(1 - rememberedCommands), command] };
}

/** What is still to be answered of a command. */
export function promiseTo({ replies }: Obligations, command: string): PromisedReply | undefined {
  for (const promise of replies.values()) if (promise.command === command) return promise;
  return undefined;
}

/** The remembered command of this id. */
export function seenCommand(held: Obligations, id: string): SeenCommand | undefined {
  return held.commands.find((command) => command.id === id);
}
