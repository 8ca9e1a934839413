/** Who may ask for what: one hook for everything that comes through the gateway; without it everybody may. */
import { messageOf, MillraceError } from '../protocol/errors.ts';

/** What somebody asks for; `body` has fitted its schema. */
export type AskedCommand = {
  /** `request.create`, `request.stop`, …, or what a user's actor accepts. */
  type: string;
  /** The request, or another group. */
  group: string;
  /** The actor in it, `kind/id`. */
  to: string;
  body: unknown;
};

/**
 * Throws for what is not allowed; its message is answered. `principal`: the user that the broker vouches
 * for, if it does.
 */
export type Authorise = (
  principal: string | undefined,
  command: AskedCommand,
) => void | Promise<void>;

/** Throws MillraceError `forbidden`, or the hook's own. */
export async function checkAllowed(
  authorise: Authorise | undefined,
  principal: string | undefined,
  command: AskedCommand,
): Promise<void> {
  try {
    await authorise?.(principal, command);
  } catch (thrown) {
    if (thrown instanceof MillraceError) throw thrown;
    throw new MillraceError('forbidden', messageOf(thrown), { cause: thrown });
  }
}
