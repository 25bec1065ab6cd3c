import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

type Resources = Record<string, { Type: string; Properties?: object }>;

/** A cloud assembly as `cdk synth` leaves it, with one stack and one asset, whose key is `code.zip`. */
export function makeAssembly(resources: Resources): string {
  const folder = mkdtempSync(join(tmpdir(), 'assembly-'));
  made.push(folder);
  const write = (name: string, content: object): void => writeFileSync(join(folder, name), JSON.stringify(content));
  write('manifest.json', {
    artifacts: {
      Tree: { type: 'cdk:tree' },
      'App.assets': { type: 'cdk:asset-manifest', properties: { file: 'App.assets.json' } },
      App: { type: 'aws:cloudformation:stack', properties: { templateFile: 'App.template.json' } },
    },
  });
  write('App.assets.json', {
    files: { code: { source: { path: 'asset.code' }, destinations: { here: { objectKey: 'code.zip' } } } },
  });
  write('App.template.json', { Resources: resources });
  return folder;
}

export const removeAssemblies = (): void =>
  made.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true }));
