/** The documents that lie in the repository, as Prettier writes them, which checks the files too. */
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { toConfig } from '../../src/config.ts';
import { describeApi, describeMessages } from '../../src/describe.ts';

/** The protocol and the built-in actors, as `asyncapi.json` has them. */
export function asyncApiText(root: URL): Promise<string> {
  return textOf(new URL('asyncapi.json', root), describeMessages(toConfig({})));
}

/** The API over HTTP, as `openapi.json` has it. */
export function openApiText(root: URL): Promise<string> {
  return textOf(new URL('openapi.json', root), describeApi());
}

async function textOf(file: URL, document: object): Promise<string> {
  const filepath = fileURLToPath(file);
  const options = await resolveConfig(filepath);
  return format(JSON.stringify(document), { ...options, filepath });
}
