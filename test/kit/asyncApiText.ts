/** The AsyncAPI document of the protocol and the built-in actors, as `asyncapi.json` has it. */
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { toConfig } from '../../src/config.ts';
import { describeMessages } from '../../src/describe.ts';

/** As Prettier writes it, which checks the file too. */
export async function asyncApiText(root: URL): Promise<string> {
  const filepath = fileURLToPath(new URL('asyncapi.json', root));
  const options = await resolveConfig(filepath);
  return format(JSON.stringify(describeMessages(toConfig({}))), { ...options, filepath });
}
