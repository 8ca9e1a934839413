/** Rows of the specification, and the tests that cover them. */

/** A test: its file, and its title as it is written there, or as it reads once its values are filled in. */
export type Cover = { file: string; title: string };

export type Row = {
  /** What the specification says, in a few words. */
  row: string;
  /** What of the program it is about: a check, a route, a command. */
  of?: string;
  by: readonly Cover[];
};

export type Section = { title: string; rows: readonly Row[] };

/** `const chain = testsIn('test/machines/chain.test.ts')`, then `chain('a title', 'another')`. */
export function testsIn(file: string): (...titles: string[]) => Cover[] {
  return (...titles) => titles.map((title) => ({ file, title }));
}
