/** What goes out on `millrace.transitions`, as the AsyncAPI document has it. */
import type { z } from 'zod';
import type { AsyncMessage } from './asyncapiMessages.ts';
import { toSchema } from './asyncapiSchema.ts';
import {
  batchSchema,
  chainMovedSchema,
  jobMovedSchema,
  news,
  outputSignalSchema,
  statusSignalSchema,
} from './transitions.ts';

export const newsMessages: readonly AsyncMessage[] = [
  told(news.batch, batchSchema, {
    title: 'A committed batch',
    summary:
      'What was committed in a partition, by offset. Routing key: `batch.` and the partition. Without `entries` the host had too much on its way: the journal has them.',
  }),
  told(news.chain, chainMovedSchema, {
    title: 'A chain has changed its state',
    summary: 'Routing key: `chain.`, the request type, `.` and the state, such as `complete`.',
  }),
  told(news.job, jobMovedSchema, {
    title: 'A job has changed its state',
    summary:
      'Told where `publish: { jobTransitions: true }` is set. Routing key: `job.`, the job type, `.` and the state.',
  }),
  told(news.status, statusSignalSchema, {
    title: 'What a running attempt says of itself',
    summary: 'Routing key: `status.` and the request id.',
  }),
  told(news.output, outputSignalSchema, {
    title: 'What the program of an attempt prints',
    summary: 'Routing key: `output.` and the request id.',
  }),
];

function told(
  type: string,
  schema: z.ZodType,
  words: Pick<AsyncMessage, 'title' | 'summary'>,
): AsyncMessage {
  return { key: type, type, ...words, channels: ['transitions'], payload: toSchema(schema) };
}
