/** What the API is a face of. */
import type { Logger } from 'pino';
import type { PlanJob, PlanSequence } from '../../machines/graph.ts';
import type { Authority } from '../auth/authority.ts';
import type { ChainDefinition } from '../definitions.ts';
import type { Link } from '../link.ts';
import type { Tracked } from '../tracker/questions.ts';

export type ApiTarget = {
  link: Link;
  tracked: Tracked;
  /** What may be asked for; the list itself changes with the specs. */
  chains: readonly ChainDefinition[];
  /** The plan of a request as it was stored. */
  plan(id: string): Promise<{ jobs: readonly PlanJob[]; sequences: readonly PlanSequence[] }>;
  /** Asked before every route, and again before anything is stored or sent. */
  auth: Authority;
  /** Exactly the status codes of Spin Cycle (specification 9), which are 500 for most. */
  compatibility: boolean;
  /** A larger body is refused; in bytes. */
  maxBodyBytes: number;
  version: string;
  log: Logger;
};
