// Plain JavaScript that the oldest supported Node can read: it is what speaks when the pinned Node is missing.
const WANTED = 24;
const found = Number(process.versions.node.split('.')[0]);
if (found !== WANTED) {
  const fix = 'run "npm ci" here: it installs the pinned Node for Linux on x64 and arm64 (npm must not be told to omit optional packages)';
  process.stderr.write(`TypeMetal runs on Node ${WANTED}, this is ${process.version} at ${process.execPath}: ${fix}\n`);
  process.exit(1);
}
