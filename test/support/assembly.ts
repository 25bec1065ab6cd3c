import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

type Resources = Record<string, { Type: string; Properties?: object }>;

type Outputs = Record<string, { Value: unknown }>;

/** A cloud assembly as `cdk synth` leaves it, with one stack, called App, and one asset, whose key is `code.zip`. */
export const makeAssembly = (resources: Resources): string => makeAssemblyOf({ App: { Resources: resources } });

/** The same with several stacks, by the names of their artifacts. */
export function makeAssemblyOf(
  stacks: Record<string, { Resources: Resources; Outputs?: Outputs; stackName?: string }>,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'assembly-'));
  made.push(folder);
  const write = (name: string, content: object): void => writeFileSync(join(folder, name), JSON.stringify(content));
  const artifacts = Object.entries(stacks).map(([id, { stackName }]) => [
    id,
    { type: 'aws:cloudformation:stack', properties: { templateFile: `${id}.template.json`, stackName } },
  ]);
  write('manifest.json', {
    artifacts: {
      Tree: { type: 'cdk:tree' },
      'App.assets': { type: 'cdk:asset-manifest', properties: { file: 'App.assets.json' } },
      ...Object.fromEntries(artifacts),
    },
  });
  write('App.assets.json', {
    files: { code: { source: { path: 'asset.code' }, destinations: { here: { objectKey: 'code.zip' } } } },
  });
  for (const [id, { Resources, Outputs }] of Object.entries(stacks)) {
    write(`${id}.template.json`, { Resources, Outputs });
  }
  return folder;
}

export const removeAssemblies = (): void =>
  made.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true }));
