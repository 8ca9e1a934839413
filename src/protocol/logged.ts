/** By what a log line names a message: its own ids, and the request and job that it is about where it says so. */
import { z } from 'zod';

type Message = {
  properties: { messageId: string; type: string; headers?: Readonly<Record<string, string>> };
  body: string;
};

type LoggedIds = { messageId: string; type: string; request?: string; job?: string };

const about = z.object({ requestId: z.string(), jobId: z.string() }).partial();

export function loggedIds({ properties, body }: Message): LoggedIds {
  const { messageId, type, headers } = properties;
  const { requestId, jobId } = aboutOf(body);
  const request = headers?.['group'] ?? requestId;
  return {
    ...{ messageId, type },
    ...(request !== undefined && { request }),
    ...(jobId !== undefined && { job: jobId }),
  };
}

function aboutOf(body: string): z.infer<typeof about> {
  try {
    return about.safeParse(JSON.parse(body)).data ?? {};
  } catch {
    return {};
  }
}
