type Method = (this: unknown, ...args: unknown[]) => unknown;

/** What looks at one thing: each call is a step, whatever asks for it. */
const STEPS: readonly [object, readonly string[]][] = [
  [Map.prototype, ['get', 'has']],
  [Set.prototype, ['has']],
  [String.prototype, ['startsWith', 'endsWith', 'charCodeAt', 'indexOf', 'slice', 'split', 'toUpperCase', 'toLowerCase']],
  [RegExp.prototype, ['exec', 'test']],
  [Number, ['isFinite']],
]; // prettier-ignore

/** How many steps `run` takes: work that can be compared, on a machine that others use as well. */
export function countSteps(run: () => unknown): number {
  let steps = 0;
  const restore = STEPS.flatMap(([owner, names]) =>
    names.map((name) => {
      const original = Reflect.get(owner, name) as Method;
      Reflect.set(owner, name, function (this: unknown, ...args: unknown[]) {
        steps += 1;
        return original.apply(this, args);
      });
      return () => Reflect.set(owner, name, original);
    }),
  );
  try {
    run();
  } finally {
    for (const undo of restore) undo();
  }
  return steps;
}
