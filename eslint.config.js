import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

const EMPTY_CATCH = {
  selector: 'CatchClause > BlockStatement[body.length=0]',
  message: 'Say what the failure means, or let it pass on.',
};

export default defineConfig(
  { ignores: ['dist/', '.cache/', 'node_modules/', 'out/', 'coverage/', 'test/fixtures/'] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['*.js', '*.cjs'] } },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      eqeqeq: 'error',
      'no-restricted-syntax': ['error', EMPTY_CATCH],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/util/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        EMPTY_CATCH,
        {
          selector: 'NewExpression[callee.name="URL"] MetaProperty',
          message: 'In the bundle, modules are not where they were: builtFile() finds them.',
        },
      ],
    },
  },
  {
    // expect.stringContaining and its like are typed any
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
  },
  {
    files: ['**/*.cjs'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
