/** Lint rules of the whole repository; formatting is Prettier's, who may import whom is test/architecture.test.ts's. */
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export it by name, so that it is called the same everywhere.',
};
const noNewDate = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0]",
  message: 'Take the time from the event, or from the Clock port.',
};
const noEnvironment = {
  object: 'process',
  property: 'env',
  message: 'Only src/config.ts reads the environment.',
};
const noTime = [
  {
    object: 'Date',
    property: 'now',
    message: 'Take the time from the event, or from the Clock port.',
  },
  { object: 'Math', property: 'random', message: 'Take randomness as an argument.' },
  { object: 'performance', property: 'now', message: 'Take the time from the Clock port.' },
];
const noTimers = ['setTimeout', 'setInterval'].map((name) => ({
  name,
  message: 'Use the Clock port.',
}));

export default defineConfig(
  globalIgnores(['dist/', '.cache/', '.millrace/', 'test/recorded/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/prefer-nullish-coalescing': 'error',
      '@typescript-eslint/prefer-optional-chain': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Numbers read as themselves in a message; everything else must be said how.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Arrow functions of one expression are how callbacks are written here.
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        {
          ignoreArrowShorthand: true,
          ignoreVoidOperator: true,
          ignoreVoidReturningFunctions: true,
        },
      ],
      // Objects of closures are destructured here; nothing of ours reads `this` outside of a class.
      '@typescript-eslint/unbound-method': 'off',
      // A port's method returns a promise also where an adapter has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // A name that is left out on purpose starts with an underscore.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      eqeqeq: 'error',
      'object-shorthand': 'error',
      'max-depth': ['error', 3],
      'max-lines': ['error', { max: 250, skipBlankLines: false, skipComments: false }],
      'max-params': ['error', 4],
      'no-console': 'error',
      'no-restricted-syntax': ['error', noDefaultExport],
      'no-restricted-properties': ['error', noEnvironment],
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'node:process', message: 'Use the global; src/config.ts reads env.' }] },
      ],
    },
  },
  {
    files: ['src/config.ts'],
    rules: { 'no-restricted-properties': 'off' },
  },
  {
    files: ['machines/**', 'actors/**', 'src/runtime/**'],
    rules: {
      'no-restricted-globals': ['error', ...noTimers],
      'no-restricted-properties': ['error', noEnvironment, ...noTime],
      'no-restricted-syntax': ['error', noDefaultExport, noNewDate],
    },
  },
  {
    // What a test says twice it may say twice; it also starts processes with an environment, and looks at what it found.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      'max-lines': ['error', { max: 400, skipBlankLines: false, skipComments: false }],
      'no-restricted-properties': 'off',
    },
  },
  {
    // Programs: what they print is what they are for.
    files: ['examples/**/*.ts', 'test/bench/**/*.ts', 'test/kit/writeReadme.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    // A tool reads its config from the default export.
    files: [
      '*.config.ts',
      'examples/**/*.config.ts',
      'test/**/*.config.ts',
      'test/kit/globalSetup.ts',
    ],
    rules: { 'no-restricted-syntax': 'off', 'no-restricted-properties': 'off' },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
);
