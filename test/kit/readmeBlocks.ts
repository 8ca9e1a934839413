/** The README's code is included from files that tests run: `<!-- from: path#region -->` above a block names where. */
import { readFileSync } from 'node:fs';

const block = /(<!-- from: (\S+?)#(\S+) -->\n+```\w+\n)[\s\S]*?```/g;

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

function regionOf(source: string, path: string, name: string): string {
  const lines = source.split('\n');
  const start = lines.findIndex((line) => line.trim() === `// #region ${name}`);
  if (start < 0) throw new Error(`${path} has no line "// #region ${name}"`);
  const length = lines.slice(start).findIndex((line) => line.trim().startsWith('// #endregion'));
  if (length < 0) throw new Error(`region ${name} of ${path} has no "// #endregion"`);
  return `${lines.slice(start + 1, start + length).join('\n')}\n`;
}
