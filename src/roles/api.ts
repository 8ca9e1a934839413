/** The role `api`: requests over HTTP, made as any client makes them, and shown from the tracker's read models. */
import type { Link } from '../link.ts';
import { openReadModels } from '../openStore.ts';
import type { Store } from '../ports/store.ts';
import { storedPlan } from '../storedPlan.ts';
import { createTracked } from '../tracker/questions.ts';
import { version } from '../version.ts';
import type { Process } from './process.ts';

/** How long the first question may wait for the tracker, in milliseconds. */
const catchUpMs = 5000;

type ApiPorts = { store: Store; link: Link };

/** Listens when this resolves, where a port is configured. Rejects with MillraceError `config`. */
export async function openApi(
  { config, chains, authority: auth, log, closing }: Process,
  { store, link }: ApiPorts,
): Promise<{ url: string } | undefined> {
  if (config.api === undefined) return undefined;
  const { host, port, compatibility, maxBodyBytes } = config.api;
  const { listenForRequests } = await import('../api/listen.ts');
  const models = await openReadModels(config, { store: store.id, readonly: true });
  closing.add(() => models.close());
  const tracked = createTracked(models, store);
  // At the first start of all there are none yet.
  await tracked.caughtUp(catchUpMs);
  const plan = (id: string) => storedPlan(store, id);
  const about = { auth, compatibility, maxBodyBytes, version, log };
  const place = { host, port };
  const { url, close } = await listenForRequests(place, { link, tracked, chains, plan, ...about });
  closing.add(close);
  return { url };
}
