import { afterEach, describe, expect, test } from '@jest/globals';
import { ListRulesCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateGrantCommand,
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  type DecryptCommandInput,
} from '@aws-sdk/client-kms';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { emulatorBench, type Started } from '../support/emulators.ts';

const bench = emulatorBench();
afterEach(bench.cleanUp);

const KEY = 'arn:aws:kms:us-east-1:000000000000:key/data';
const CONTEXT = { tenant: 'acme', field: 'secret' };

const hex = (bytes: Uint8Array = new Uint8Array()) => Buffer.from(bytes).toString('hex');

const makeDataKey = ({ kms }: Started) =>
  kms.send(new GenerateDataKeyCommand({ KeyId: KEY, KeySpec: 'AES_256', EncryptionContext: CONTEXT }));

const decrypt = ({ kms }: Started, input: DecryptCommandInput) => kms.send(new DecryptCommand(input));

describe('KMS', () => {
  test('opens a data key for whoever names the same context, in any order', async () => {
    const emulators = await bench.start();
    const made = await makeDataKey(emulators);
    expect(made.Plaintext).toHaveLength(32);
    expect(hex(made.CiphertextBlob)).not.toContain(hex(made.Plaintext));

    const EncryptionContext = { field: 'secret', tenant: 'acme' };
    const opened = await decrypt(emulators, { CiphertextBlob: made.CiphertextBlob, EncryptionContext });
    expect(opened).toMatchObject({ Plaintext: made.Plaintext, KeyId: KEY, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' });
  });

  test('makes a new data key each time', async () => {
    const emulators = await bench.start();
    const [one, two] = [await makeDataKey(emulators), await makeDataKey(emulators)];
    expect(one.Plaintext).not.toEqual(two.Plaintext);
  });

  test('opens what Encrypt closed', async () => {
    const emulators = await bench.start();
    const closed = await emulators.kms.send(new EncryptCommand({ KeyId: 'data', Plaintext: Buffer.from('hello') }));
    const { Plaintext, KeyId } = await decrypt(emulators, { CiphertextBlob: closed.CiphertextBlob, KeyId: KEY });
    expect([Buffer.from(Plaintext ?? []).toString(), KeyId]).toEqual(['hello', KEY]);
  });

  test.each([
    ['another tenant', { EncryptionContext: { ...CONTEXT, tenant: 'other' } }],
    ['a context of less', { EncryptionContext: { tenant: 'acme' } }],
    ['no context', { EncryptionContext: undefined }],
    ['values swapped', { EncryptionContext: { tenant: 'secret', field: 'acme' } }],
  ])('opens nothing for %s', async (_, given) => {
    const emulators = await bench.start();
    const { CiphertextBlob } = await makeDataKey(emulators);
    await expect(decrypt(emulators, { CiphertextBlob, ...given })).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  test('opens nothing that was changed, in whichever byte, or cut off', async () => {
    const emulators = await bench.start();
    const blob = Buffer.from((await makeDataKey(emulators)).CiphertextBlob ?? []);
    const changed = Array.from(blob, (_, at) => blob.map((byte, index) => (index === at ? byte ^ 1 : byte)));
    const cut = [blob.subarray(0, 1), blob.subarray(0, 40), blob.subarray(0, -1)];
    for (const CiphertextBlob of [...changed, ...cut]) {
      await expect(decrypt(emulators, { CiphertextBlob, EncryptionContext: CONTEXT })).rejects.toMatchObject({
        name: 'InvalidCiphertextException',
      });
    }
  });

  test('says so when another key is named', async () => {
    const emulators = await bench.start();
    const { CiphertextBlob } = await makeDataKey(emulators);
    const input = { CiphertextBlob, EncryptionContext: CONTEXT, KeyId: `${KEY}-2` };
    await expect(decrypt(emulators, input)).rejects.toMatchObject({ name: 'IncorrectKeyException' });
  });

  test('opens after a restart what it closed before', async () => {
    const folder = await bench.folder();
    const first = await bench.start(folder);
    const { CiphertextBlob, Plaintext } = await makeDataKey(first);
    await first.stop();

    const second = await bench.start(folder);
    expect(await decrypt(second, { CiphertextBlob, EncryptionContext: CONTEXT })).toMatchObject({ Plaintext });
  });

  test('has a key of its own wherever nothing is kept', async () => {
    const { CiphertextBlob } = await makeDataKey(await bench.start());
    await expect(decrypt(await bench.start(), { CiphertextBlob, EncryptionContext: CONTEXT })).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  test('refuses a data key of no length', async () => {
    const { kms } = await bench.start();
    await expect(kms.send(new GenerateDataKeyCommand({ KeyId: KEY }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });
});

describe('Secrets Manager', () => {
  test('gives a value by name and by ARN, the newest one', async () => {
    const { secrets, ensureSecret } = await bench.start();
    ensureSecret({ name: 'admin-key', value: 'old' });
    const { arn } = ensureSecret({ name: 'admin-key', value: 'new' });
    const values = ['admin-key', arn].map((SecretId) => secrets.send(new GetSecretValueCommand({ SecretId })));
    expect(await Promise.all(values)).toMatchObject([{ SecretString: 'new', ARN: arn }, { SecretString: 'new' }]);
  });

  test('knows no other secret', async () => {
    const { secrets } = await bench.start();
    await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'admin-key' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});

describe('what no emulator has', () => {
  test.each([
    [
      'an operation of KMS',
      ({ kms }: Started) =>
        kms.send(new CreateGrantCommand({ KeyId: KEY, GranteePrincipal: 'x', Operations: ['Decrypt'] })),
    ],
    ['an operation of EventBridge', ({ events }: Started) => events.send(new ListRulesCommand({}))],
  ])('%s is refused once, by name', async (_, call) => {
    await expect(call(await bench.start())).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringMatching(/^The local runner has no \w+\.\w+\.$/),
      $metadata: { httpStatusCode: 501, attempts: 1 },
    });
  });

  test('is a request of another protocol, too', async () => {
    const { endpoints } = await bench.start();
    const response = await fetch(`${endpoints.other}/schedules`, { method: 'POST', body: 'Action=Publish' });
    expect([response.status, await response.json()]).toEqual([
      501,
      { __type: 'UnknownOperationException', message: 'The local runner has no POST /schedules.' },
    ]);
  });
});
