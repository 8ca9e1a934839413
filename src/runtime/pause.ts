/** Waits before the next try of something that did not work, longer each time. */
import { backoffMs } from './backoff.ts';
import type { Runtime } from './runtime.ts';

/** `failures`: tries that have failed so far, from 1. */
export function pause({ clock, random }: Runtime, failures: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(backoffMs(failures, random()), resolve);
  });
}
