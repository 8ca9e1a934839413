/** A schema of ours as the AsyncAPI document writes it. */
import { z } from 'zod';

/** JSON Schema draft 07, which AsyncAPI's own is a superset of; what it cannot say is left open. */
export function toSchema(schema: z.ZodType): Record<string, unknown> {
  try {
    const { $schema: _, ...rest } = z.toJSONSchema(schema, {
      target: 'draft-7',
      io: 'input',
      unrepresentable: 'any',
      cycles: 'throw',
      reused: 'inline',
    });
    return rest;
  } catch {
    return { description: 'A JSON Schema cannot say what fits here.' };
  }
}
