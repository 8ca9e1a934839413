/** Finds and loads `millrace.config.ts`; what it says is checked by `config.ts`. */
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { MillraceOptions } from './config.ts';
import { messageOf, MillraceError } from './protocol/errors.ts';

const fileName = 'millrace.config';

/** What the configuration's `import 'millrace'` is given: this very copy, wherever the file lies. */
export type Modules = { millrace?: () => Promise<object> };

/** The file's options, and where it is; nothing where there is none. Throws MillraceError `config`. */
export async function readConfigFile(
  path: string | undefined,
  modules: Modules,
): Promise<{ options: MillraceOptions; path: string; configFile?: { configFile: string } }> {
  if (path !== undefined && !existsSync(path)) {
    throw new MillraceError(
      'config',
      `there is no ${path}; name the configuration with --config FILE`,
    );
  }
  if (path === undefined && !hasFile()) return { options: {}, path: fileName };
  try {
    const { loadConfig: loadFile } = await import('c12');
    const millrace = await modules.millrace?.();
    const { config, _configFile } = await loadFile<MillraceOptions>({
      name: 'millrace',
      ...(path !== undefined && { configFile: path }),
      configFileRequired: path !== undefined,
      rcFile: false,
      globalRc: false,
      dotenv: false,
      packageJson: false,
      ...(millrace !== undefined && { jitiOptions: { virtualModules: { millrace } } }),
    });
    if (_configFile === undefined) return { options: config, path: fileName };
    return { options: config, path: _configFile, configFile: { configFile: resolve(_configFile) } };
  } catch (cause) {
    throw new MillraceError(
      'config',
      `${path ?? 'millrace.config.ts'} does not load: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

/** Whether one may be found, so that nothing is loaded to look for it: there, or in `.config/`. */
function hasFile(): boolean {
  return readdirSync('.').some((name) => name === '.config' || name.startsWith(`${fileName}.`));
}
