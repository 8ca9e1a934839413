/** The part `api` of a configuration: where requests are taken over HTTP, and how. */
import { z } from 'zod';
import { maxUserDataBytes } from '../protocol/envelope.ts';

export type ApiConfig = {
  /** Default 127.0.0.1. */
  readonly host: string;
  /** Default 32308, which is Spin Cycle's. */
  readonly port: number;
  /** Exactly Spin Cycle's status codes, 500 for most of what is refused; default false. */
  readonly compatibility: boolean;
  /** A larger body is refused; default 16 MiB. */
  readonly maxBodyBytes: number;
};

export const apiSchema: z.ZodType<ApiConfig> = z.strictObject({
  host: z.string().min(1).default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(32_308),
  compatibility: z.boolean().default(false),
  maxBodyBytes: z.int().min(1).default(maxUserDataBytes),
});
