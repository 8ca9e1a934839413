/**
 * FerretDB, the server that speaks MongoDB's protocol where no MongoDB is installed: the program of
 * `ferretdb/main.go`, built once by Go (about 90 s) into the user's cache folder. FerretDB 1 looks through
 * whole collections; here two of its functions are changed so that it narrows a query by SQLite's indexes
 * first. It still judges each document itself, so that answers stay the same.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, mkdirSync, readdirSync } from 'node:fs';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = fileURLToPath(new URL('ferretdb', import.meta.url));
const module = 'github.com/FerretDB/FerretDB';
const sqlite = 'internal/backends/sqlite';

/** Files that FerretDB gets. */
const added = [
  ['narrow.go.txt', `${sqlite}/narrow.go`],
  ['extract.go.txt', `${sqlite}/metadata/extract.go`],
] as const;

/** What is said instead, where, and of what. */
const changed = [
  {
    file: `${sqlite}/collection.go`,
    // The first of two alike: the other is for plans.
    from: /\tif params\.Filter\.Len\(\) == 1 \{\n(?:.*\n)*?\t\}\n\n(?=\tq \+= whereClause\n)/,
    to: '\twhereClause, args = narrowed(params.Filter)\n\n',
  },
  {
    file: `${sqlite}/metadata/registry.go`,
    from: /columns\[i\] = fmt\.Sprintf\("%s->%s".*\n/,
    to: 'columns[i] = Extract(key.Field)\n',
  },
  {
    file: `${sqlite}/metadata/registry.go`,
    from: /(?=\t\tcreated = append\(created, index\.Name\)\n)/,
    to: `\t\tif index.Name == "_id_" {
\t\t\tq = fmt.Sprintf("CREATE INDEX %q ON %q (%s)", c.TableName+"_id_text", c.TableName, IDColumn)
\t\t\tif _, err := db.ExecContext(ctx, q); err != nil {
\t\t\t\treturn lazyerrors.Error(err)
\t\t\t}
\t\t}

`,
  },
];

/** Where the program is, or will be, once it is built: another source has another place. */
function programPath(): string {
  const hash = createHash('sha256').update(changed.map(({ from, to }) => `${from}${to}`).join());
  for (const name of readdirSync(source).sort()) hash.update(readFileSync(join(source, name)));
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(cache, 'millrace', `ferretdb-1.24.2-${hash.digest('hex').slice(0, 8)}`, 'ferretdb');
}

/** The program, if it has been built. */
export function builtFerretdb(): string | undefined {
  const path = programPath();
  return existsSync(path) ? path : undefined;
}

/** Builds the program; undefined when there is no Go. */
export async function buildFerretdb(): Promise<string | undefined> {
  if (!(await hasGo())) return undefined;
  const path = programPath();
  process.stderr.write(`Building FerretDB 1.24.2 for the tests, once (about 90 s): ${path}\n`);
  mkdirSync(dirname(path), { recursive: true });
  // Several may build at once; each has a whole program when it is done.
  const folder = mkdtempSync(`${path}-`);
  try {
    await prepare(folder);
    await run('go', ['build', '-trimpath', '-o', 'ferretdb', '.'], { cwd: folder });
    renameSync(join(folder, 'ferretdb'), path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return path;
}

/** Our program and a copy of FerretDB with our changes. */
async function prepare(folder: string): Promise<void> {
  for (const name of ['main.go', 'go.mod', 'go.sum'])
    cpSync(join(source, name), join(folder, name));
  await run('go', ['mod', 'download', module], { cwd: folder });
  const listed = await run('go', ['list', '-m', '-f', '{{.Dir}}', module], { cwd: folder });
  const copy = join(folder, 'FerretDB');
  cpSync(listed.stdout.trim(), copy, { recursive: true });
  // Go's own are read-only.
  await run('chmod', ['-R', 'u+w', copy]);
  for (const [name, file] of added) cpSync(join(source, name), join(copy, file));
  for (const { file, from, to } of changed) {
    const text = readFileSync(join(copy, file), 'utf8');
    if (!from.test(text)) throw new Error(`${file} of FerretDB is not as expected: ${from}`);
    writeFileSync(join(copy, file), text.replace(from, to));
  }
  await run('go', ['mod', 'edit', `-replace=${module}=./FerretDB`], { cwd: folder });
}

async function hasGo(): Promise<boolean> {
  try {
    await run('go', ['version']);
    return true;
  } catch {
    return false;
  }
}
