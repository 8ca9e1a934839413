/** Code in a README is included from files that tests run: `<!-- from: path#region -->` above a block names where. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const block = /(<!-- from: (\S+?)#(\S+) -->\n+```\w+\n)[\s\S]*?```/g;

/** The READMEs that include code, from the repository's root. */
export function readmes(root: URL): URL[] {
  const examples = readdirSync(new URL('examples/', root));
  const paths = ['README.md', ...examples.map((name) => `examples/${name}/README.md`)];
  return paths.map((path) => new URL(path, root)).filter((path) => existsSync(path));
}

/** The text with every block that says where it is from replaced by what stands there now. */
export function includeRegions(text: string, root: URL): string {
  let result = '';
  let end = 0;
  for (const match of text.matchAll(block)) {
    const [whole, head = '', path = '', name = ''] = match;
    const code = regionOf(readFileSync(new URL(path, root), 'utf8'), path, name);
    result += `${text.slice(end, match.index)}${head}${code}\`\`\``;
    end = match.index + whole.length;
  }
  return result + text.slice(end);
}

/** What stands between the marks, without the marks of regions inside, and as far left as it goes. */
function regionOf(source: string, path: string, name: string): string {
  const lines = source.split('\n');
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  if (start < 0) throw new Error(`${path} has no line "// #region ${name}"`);
  const inside: string[] = [];
  let depth = 1;
  for (const line of lines.slice(start + 1)) {
    const mark = line.trim();
    if (mark.startsWith('// #region ')) depth += 1;
    else if (mark.startsWith('// #endregion')) depth -= 1;
    else inside.push(line);
    if (depth === 0) return dedented(inside);
  }
  throw new Error(`region ${name} of ${path} has no "// #endregion"`);
}

function dedented(lines: readonly string[]): string {
  const indents = lines.filter((line) => line !== '').map((line) => line.search(/\S/));
  const least = Math.min(...indents);
  return lines.map((line) => `${line.slice(least)}\n`).join('');
}
