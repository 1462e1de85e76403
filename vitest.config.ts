import { defineConfig } from 'vitest/config';

// `@hotstandby/source` makes the workspace's packages resolve to their sources: no build before a test. `import` is not
// named: Vitest hands these to Node, where `require` would then load the ES modules of packages that bring both (pg).
const conditions = ['@hotstandby/source', 'node'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{apps,libs}/*/src/**/*.spec.ts', 'tools/**/*.spec.ts', 'test/lease/**/*.spec.ts'],
          // A busy machine takes long for what is short.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/**/*.spec.ts'],
          exclude: ['test/lease/**', 'test/ad/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // Real servers on two cores: one file at a time.
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'ad',
          include: ['test/ad/**/*.spec.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
