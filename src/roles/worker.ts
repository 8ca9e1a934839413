/** The role `worker`: runs the jobs of this program. It needs the broker, and nothing else. */
import type { Broker } from '../ports/broker.ts';
import type { Worker } from '../worker/worker.ts';
import { createWorker } from '../worker/worker.ts';
import type { Process } from './process.ts';
import { openProcesses } from './processes.ts';
import { tellSignals } from './signals.ts';

/** Takes attempts when this resolves. `storeId` is that of the store in the folder that this process has locked. */
export async function openWorker(
  { config, ports, clock, closing, observed, feed }: Process,
  { broker, storeId }: { broker: Broker; storeId: string | undefined },
): Promise<Worker> {
  const { jobs, concurrency, graceMs } = config;
  const processes = await openProcesses(config, { ...ports, storeId });
  closing.add(() => processes.children.stop());
  const signals = broker.isRemote
    ? tellSignals({ broker, clock })
    : {
        onStatus: feed.status.bind(feed),
        onOutput: feed.output.bind(feed),
      };
  const worker = createWorker({ broker, clock, jobs, concurrency, graceMs, processes, ...signals });
  closing.add(() => worker.stop());
  observed.gauges.running = () => worker.running();
  await worker.start();
  return worker;
}
