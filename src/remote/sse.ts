/** Server-sent events as they come in the body of an answer. */

export type ServerEvent = { event: string; data: string; id?: string };

/** Ends with the body, however it ends: that it broke off says no more than that. */
export async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  let rest = '';
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const blocks = `${rest}${chunk}`.split('\n\n');
      rest = blocks.pop() ?? '';
      yield* blocks.flatMap((block) => eventOf(block) ?? []);
    }
  } catch {
    return;
  }
}

/** Undefined for a block of comments. */
function eventOf(block: string): ServerEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [, name = '', value = ''] = /^([^:]+): ?(.*)$/.exec(line) ?? [];
    if (name !== '') fields.set(name, value);
  }
  const [event, data, id] = ['event', 'data', 'id'].map((name) => fields.get(name));
  if (event === undefined || data === undefined) return undefined;
  return { event, data, ...(id !== undefined && { id }) };
}
