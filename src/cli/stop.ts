/** `millrace stop ID` and `millrace suspend ID`: tell the process that hosts it. */
import type { Request } from '../client.ts';
import { examples } from './command.ts';
import type { Declare } from './command.ts';
import type { Context } from './context.ts';
import { idHelp } from './reading.ts';
import { meant, tellFlags, tellHost } from './tell.ts';
import type { TellOptions } from './tell.ts';

export const declareStop: Declare = (program, act) => {
  const [follow, json, verbose] = tellFlags;
  program
    .command('stop')
    .argument('<id>', idHelp)
    .description('end a request; jobs that run are asked to end')
    .option(...follow)
    .option(...json)
    .option(...verbose)
    .addHelpText('after', examples('stop 01kavx3v8c6ws0vzq3f3c2hrnd', 'stop last -f'))
    .action(act(telling((request) => request.stop())));
};

export const declareSuspend: Declare = (program, act) => {
  const [follow, json, verbose] = tellFlags;
  program
    .command('suspend')
    .argument('<id>', idHelp)
    .description('end the jobs that run and keep the rest of a request for `resume`')
    .option(...follow)
    .option(...json)
    .option(...verbose)
    .addHelpText('after', examples('suspend 01kavx3v8c6ws0vzq3f3c2hrnd', 'suspend last -f'))
    .action(act(telling((request) => request.suspend())));
};

function telling(tell: (request: Request) => Promise<void>) {
  return async (context: Context, named: string, options: TellOptions): Promise<number> => {
    const connection = await context.hosting.connect(await context.readingConfig());
    return tellHost(context, connection, options, async (client) => {
      const request = await meant(client, named);
      await tell(request);
      return request;
    });
  };
}
