/** `millrace stop ID` and `millrace suspend ID`: tell the process that hosts it. */
import type { Request } from '../client.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { idHelp } from './reading.ts';
import { meant, tellHost, withTellFlags } from './tell.ts';
import type { TellOptions } from './tell.ts';

export const declareStop = declareTelling({
  word: 'stop',
  does: 'end a request; jobs that run are asked to end',
  tell: (request) => request.stop(),
});

export const declareSuspend = declareTelling({
  word: 'suspend',
  does: 'end the jobs that run and keep the rest of a request for `resume`',
  tell: (request) => request.suspend(),
});

type Telling = { word: string; does: string; tell: (request: Request) => Promise<void> };

function declareTelling({ word, does, tell }: Telling): Declare {
  return (program, act) => {
    withTellFlags(program.command(word).argument('<id>', idHelp).description(does))
      .addHelpText('after', examples(`${word} 01kavx3v8c6ws0vzq3f3c2hrnd`, `${word} last -f`))
      .action(act(telling(tell)));
  };
}

function telling(tell: Telling['tell']) {
  return async (context: Context, named: string, options: TellOptions): Promise<number> => {
    const connection = await context.hosting.connect(await context.readingConfig());
    return tellHost(context, connection, options, async (client) => {
      const request = await meant(client, named);
      await tell(request);
      return request;
    });
  };
}
