// Plain JavaScript on purpose: an older Node cannot read the rest, and should say so in words.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 9)) {
  await import('./start.ts');
} else {
  console.error(
    `event-fanout needs Node 24.9 or newer, and this is ${process.version}: run "npm ci", which brings its own.`,
  );
  process.exitCode = 1;
}
