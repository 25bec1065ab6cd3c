import { randomBytes } from 'node:crypto';
import { kmsOperations } from '../../local/aws/kms.ts';
import { listenOnLoopback } from '../../local/aws/loopback.ts';
import { isObject, rpcServer, type Operation } from '../../local/aws/rpc.ts';
import { openKms } from '../../shared/store/vault.ts';

/** A KMS of its own, with the project's client for it. It sets the variables that the AWS SDK reads. */
export async function startKms(masterKey = randomBytes(32)) {
  const calls: string[] = [];
  const dataKeys: string[] = [];
  let failure: Error | undefined;

  const watched = ([name, operation]: [string, Operation]): [string, Operation] => [
    name,
    (input) => {
      calls.push(name.replace('TrentService.', ''));
      const fails = failure;
      failure = undefined;
      if (fails) throw fails;
      const output = operation(input);
      if (isObject(output)) dataKeys.push(String(output['Plaintext']));
      return output;
    },
  ];
  const operations = Object.fromEntries(Object.entries(kmsOperations(masterKey)).map(watched));
  const server = await listenOnLoopback(rpcServer(operations));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_KMS: server.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  });
  const client = openKms();
  return {
    client,
    /** The operations asked for so far. */
    calls,
    /** Every data key that it handed out, in base64. */
    dataKeys,
    /** The next call fails so. */
    failOnce: (error: Error) => (failure = error),
    async close(): Promise<void> {
      client.destroy();
      await server.close();
    },
  };
}

export type TestKms = Awaited<ReturnType<typeof startKms>>;
