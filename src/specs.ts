/** The request specs of a configuration, as chains beside its own; kept fresh while a process hosts. */
import type { Logger } from 'pino';
import type { ChainDefinition } from './definitions.ts';
import { specChains } from './gateway/specChains.ts';
import type { Clock } from './ports/clock.ts';
import { MillraceError, messageOf } from './protocol/errors.ts';
import { SpecFolder } from './spec/folder.ts';
import { problemText } from './spec/problem.ts';
import type { Specs } from './spec/check.ts';

/** A folder of specs is looked at this often. */
export const lookEveryMs = 2000;

const maxTold = 20;

type SpecSource = { chains: readonly ChainDefinition[]; specs?: string | undefined };

/** The checked specs of a configuration. Throws MillraceError `config` for what is wrong with them. */
export function specsOf({ specs }: Pick<SpecSource, 'specs'>): Specs | undefined {
  return specs === undefined ? undefined : new SpecFolder(specs).specs;
}

/** Chains of the configuration and of its specs. Throws MillraceError `config` for what is wrong with these. */
export function chainsOf(config: SpecSource): readonly ChainDefinition[] {
  const specs = specsOf(config);
  return specs === undefined ? config.chains : joined(config.chains, specs);
}

export type FreshChains = {
  /** As they are now: the list itself changes. */
  readonly chains: readonly ChainDefinition[];
  /** May be called twice. */
  stop(): void;
};

type Options = { clock: Clock; log: Logger };

/**
 * As `chainsOf`, and looks every two seconds whether the specs have changed. What is wrong then is logged,
 * and the specs as they were stay in use.
 */
export function openChains(config: SpecSource, { clock, log }: Options): FreshChains {
  if (config.specs === undefined) return { chains: config.chains, stop: () => undefined };
  const folder = new SpecFolder(config.specs);
  const chains = joined(config.chains, folder.specs);
  for (const warning of folder.warnings.slice(0, maxTold)) log.warn(problemText(warning));
  let isStopped = false;
  let takeBack = clock.after(lookEveryMs, look);
  return {
    chains,
    stop() {
      isStopped = true;
      takeBack();
    },
  };

  function look(): void {
    void refresh().then(() => {
      if (!isStopped) takeBack = clock.after(lookEveryMs, look);
    });
  }

  async function refresh(): Promise<void> {
    try {
      const { taken, refused, problems } = await folder.refresh();
      for (const problem of problems.slice(0, maxTold)) log.error(problemText(problem));
      if (refused.length > 0)
        log.error(`not taken, so that they are as they were before: ${refused.join(', ')}`);
      if (taken.length === 0) return;
      chains.splice(0, chains.length, ...joined(config.chains, folder.specs));
      log.info({ files: taken }, 'changed specs are taken');
    } catch (thrown) {
      log.error(`the specs stay as they are: ${messageOf(thrown)}`);
    }
  }
}

function joined(chains: readonly ChainDefinition[], specs: Specs): ChainDefinition[] {
  const own = new Set(chains.map(({ type }) => type));
  const added = specChains(specs);
  const twin = added.find(({ type }) => own.has(type));
  if (twin === undefined) return [...chains, ...added];
  const text = `a request spec and a chain of the configuration are both named "${twin.type}"; rename one`;
  throw new MillraceError('config', text);
}
