/** The metrics of a process in Prometheus's format; loaded only where a port is configured. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from './meter.ts';

/** What is asked of the roles at each scrape; of a role that is not here nothing. */
export type Gauges = {
  /** Handlers and programs of jobs that run just now. */
  running(): number;
  /** Partitions that this host owns. */
  partitions(): number;
  /** Groups in its memory that wait to be unparked. */
  parked(): number;
};

/** From an fsync to a broker that is away. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What each kind of answer of a worker is called; a worker's answers are messages like all others. */
const outcomes = {
  succeeded: 'attempt.succeeded',
  failed: 'attempt.failed',
  stopped: 'attempt.stopped',
};

/** Answers with all metrics as they are then. */
export function createMetrics(
  meter: Meter,
  gauges: Gauges,
): () => Promise<{ type: string; text: string }> {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  addTotals(registers, meter);
  addByType(registers, meter);
  addTimes(registers, meter);
  addGauges(registers, gauges);
  return async () => ({ type: registry.contentType, text: await registry.metrics() });
}

function addTotals(registers: Registry[], meter: Meter): void {
  const total = (name: string, help: string, count: () => number): void => {
    new Counter({
      ...{ name: `millrace_${name}_total`, help, registers },
      collect() {
        this.reset();
        this.inc(count());
      },
    });
  };
  total('deliveries', 'Messages taken from the broker.', () => meter.delivered);
  total(
    'returned',
    'Messages that no queue took, among them news that nobody listens to.',
    () => meter.returned,
  );
  total(
    'unconfirmed',
    'Messages of which it cannot be known whether the broker has them.',
    () => meter.unconfirmed,
  );
  total('appends', 'Writes to the journal, a batch of entries each.', () => meter.appends);
  total('entries', 'Entries written to the journal.', () => meter.entries);
}

function addByType(registers: Registry[], { published }: Meter): void {
  new Counter({
    name: 'millrace_publishes_total',
    help: 'Messages handed to the broker.',
    labelNames: ['type'],
    registers,
    collect() {
      this.reset();
      for (const [type, count] of published) this.inc({ type }, count);
    },
  });
  new Counter({
    name: 'millrace_attempts_total',
    help: 'Attempts that this process has answered.',
    labelNames: ['outcome'],
    registers,
    collect() {
      this.reset();
      for (const [outcome, type] of Object.entries(outcomes))
        this.inc({ outcome }, published.get(type) ?? 0);
    },
  });
}

function addTimes(registers: Registry[], meter: Meter): void {
  const commits = new Histogram({
    name: 'millrace_commit_seconds',
    help: 'Time of one append to the journal.',
    ...{ buckets, registers },
  });
  const releases = new Histogram({
    name: 'millrace_release_seconds',
    help: 'Time to send what a committed batch asked for.',
    ...{ buckets, registers },
  });
  meter.onAppend = (seconds) => commits.observe(seconds);
  meter.onRelease = (seconds) => releases.observe(seconds);
}

function addGauges(registers: Registry[], gauges: Gauges): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      ...{ name: `millrace_${name}`, help, registers },
      collect() {
        this.set(value());
      },
    });
  };
  gauge('running_handlers', 'Jobs that run in this process.', () => gauges.running());
  gauge('owned_partitions', 'Partitions that this process owns.', () => gauges.partitions());
  gauge('parked_groups', 'Groups in memory that wait to be unparked.', () => gauges.parked());
}
