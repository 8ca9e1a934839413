/** Where a seed's processes kill themselves: the named crash points, their exact sites, and how they are spread. */
import { below, randomOf } from './crashChain.ts';
import type { Random } from './crashChain.ts';

/**
 * Sites by crash point. `inside`: a thread kills the process some microseconds after the write was queued.
 * `written`: after a lazy write was committed, before anything else is done.
 */
export const crashSites = {
  'before commit': ['before', 'inside'],
  'after commit before release': ['after'],
  'between two releases': ['between'],
  'after release before ack': ['before'],
  'in a snapshot': ['blobs', 'before', 'after', 'written'],
  'in a checkpoint': ['heads', 'before', 'after', 'written'],
  'in a claim': ['before', 'inside', 'after'],
  'in a child process': ['before', 'running', 'ended'],
  'in a suspend': ['before', 'inside', 'after', 'cancel', 'suspending', 'suspended'],
} as const;

export type CrashPoint = keyof typeof crashSites;

export type Crash = {
  /** `point: site`. */
  site: string;
  /** The n-th time that the site is reached. */
  nth: number;
  /** Of an `inside`: after the write was queued. */
  delayUs: number;
};

export const crashPoints = Object.keys(crashSites) as CrashPoint[];

/** Every `point: site`. */
export const allSites = crashPoints.flatMap((point) =>
  crashSites[point].map((site) => siteOf(point, site)),
);

export function siteOf(point: CrashPoint, site: string): string {
  return `${point}: ${site}`;
}

/** How often a site is reached at least, as a rule. */
const often: Record<CrashPoint, number> = {
  'before commit': 30,
  'after commit before release': 30,
  'between two releases': 8,
  'after release before ack': 25,
  'in a snapshot': 3,
  'in a checkpoint': 5,
  'in a claim': 3,
  'in a child process': 4,
  'in a suspend': 1,
};

/** The kills of a seed, one a process; points and sites take turns. A claim is more often that of a restart. */
export function crashesOf(seed: number): Crash[] {
  const random = randomOf(`crash/${seed}`);
  const point = crashPoints[seed % crashPoints.length] ?? 'before commit';
  const turn = Math.floor(seed / crashPoints.length);
  const sites = crashSites[point];
  const crash = crashAt(random, point, sites[turn % sites.length] ?? '');
  const other = crashPoints[below(random, crashPoints.length)] ?? 'before commit';
  const others = crashSites[other];
  const another = crashAt(random, other, others[below(random, others.length)] ?? '');
  const roll = random();
  if (point === 'in a claim') return roll < 0.7 && other !== point ? [another, crash] : [crash];
  return roll < 0.4 ? [crash, another] : [crash];
}

function crashAt(random: Random, point: CrashPoint, site: string): Crash {
  return {
    site: siteOf(point, site),
    nth: 1 + below(random, often[point]),
    delayUs: below(random, 3000),
  };
}
