/** A log for parts that want one: keeps what was said, shows nothing. */

export type Said = { level: 'info' | 'warn'; message: string };

export function silentLog() {
  const said: Said[] = [];
  return {
    said,
    info: (_: object, message: string): void => void said.push({ level: 'info', message }),
    warn: (_: object, message: string): void => void said.push({ level: 'warn', message }),
  };
}
