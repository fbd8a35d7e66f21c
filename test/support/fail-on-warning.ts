// A process warning (a leaked listener, an unhandled rejection, a deprecated call) is a defect, so it fails the run.
process.on('warning', (warning) => {
  if (warning.name === 'ExperimentalWarning') return;
  throw warning;
});
