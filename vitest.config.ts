import { defineConfig } from 'vitest/config'

const alias = {
  'kafkajs-eventhubs/diagnostics': new URL('./src/diagnostics.ts', import.meta.url).pathname,
  'kafkajs-eventhubs/emulator': new URL('./src/emulator/index.ts', import.meta.url).pathname,
  'kafkajs-eventhubs': new URL('./src/index.ts', import.meta.url).pathname,
}

export default defineConfig({
  resolve: { alias },
  test: {
    // They end what hangs; a busy machine takes its time.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 3,
    coverage: { provider: 'v8', include: ['src/**'] },
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts', 'test/emulator/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'conformance',
          include: ['test/conformance/**/*.test.ts', 'test/examples/**/*.test.ts', 'examples/*.test.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'reliability', include: ['test/soak/**/*.test.ts', 'test/reliability/**/*.test.ts'] },
      },
      { extends: true, test: { name: 'cli', include: ['test/cli/**/*.test.ts', 'test/console/**/*.test.ts'] } },
      // What is shipped: runs what `npm run build` has built.
      { extends: true, test: { name: 'package', include: ['test/package/**/*.test.ts'] } },
      { extends: true, test: { name: 'cross', include: ['test/cross/**/*.test.ts'] } },
      { extends: true, test: { name: 'parity', include: ['test/parity/**/*.test.ts'] } },
    ],
  },
})
