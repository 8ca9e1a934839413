/** Databases of a test file's own on a server that others use, too; dropped after its tests. */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { afterAll } from 'vitest';

/** Gives names that nobody else has: the same name for the same word, another for none. */
export function databasesOn(url: string): (word?: string) => string {
  const file = `millrace-test-${randomUUID().slice(0, 8)}`;
  const names = new Set<string>();
  afterAll(async () => {
    const client = new MongoClient(url);
    for (const name of names) await client.db(name).dropDatabase();
    await client.close();
  });
  return (word = `n${names.size}`) => {
    const name = `${file}-${word}`;
    names.add(name);
    return name;
  };
}
