/** Native ES modules (see the `test` script); swc only strips the types, as Node itself does at run time. */
export default {
  testEnvironment: 'node',
  // In processes of their own even on two cores: what a failing test leaves open must not keep the whole run from ending. One more than
  // there are processors saves a tenth of the time, and some that wait for a real clock were late then.
  maxWorkers: '100%',
  // Nothing is open any more, and to give back two gigabytes takes longer than the half second that jest grants by itself.
  workerGracefulExitTimeout: 10_000,
  // Real stores, and machines that others use as well: five seconds are soon over.
  testTimeout: 30_000,
  testSequencer: '<rootDir>/test/support/longest-first.js',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['<rootDir>/cdk.out', '<rootDir>/.fanout'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};
