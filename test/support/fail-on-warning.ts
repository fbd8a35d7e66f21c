// A process warning (a leaked listener, an unhandled rejection, a deprecated call) is a defect, so it fails the run.
// Once for each process: that of the unit tests runs several files.
if (!process.listeners('warning').some(({ name }) => name === failOnWarning.name))
  process.on('warning', failOnWarning);

function failOnWarning(warning: Error): void {
  if (warning.name === 'ExperimentalWarning') return;
  throw warning;
}
