import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { arnOf } from './identity.ts';
import { AwsError, isObject, text, type Input, type Operation } from './rpc.ts';

/**
 * KMS's symmetric encryption under one local master key (AES-256-GCM). Every key that is named exists; its ARN and the encryption
 * context are authenticated, so that whoever decrypts with another context fails here as on AWS.
 */
export const kmsOperations = (masterKey: Buffer): Record<string, Operation> => ({
  'TrentService.GenerateDataKey': (input) => {
    const plaintext = randomBytes(dataKeyLength(input));
    return { ...encrypted(masterKey, input, plaintext), Plaintext: plaintext.toString('base64') };
  },
  'TrentService.Encrypt': (input) => {
    const plaintext = Buffer.from(text(input, 'Plaintext'), 'base64');
    if (plaintext.length > LONGEST_PLAINTEXT)
      throw new AwsError('ValidationException', 'Plaintext is over 4096 bytes.');
    return { ...encrypted(masterKey, input, plaintext), EncryptionAlgorithm: ALGORITHM };
  },
  'TrentService.Decrypt': (input) => decrypted(masterKey, input),
});

const ALGORITHM = 'SYMMETRIC_DEFAULT';
const LONGEST_PLAINTEXT = 4096;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const KEY_SPECS = new Map([
  ['AES_128', 16],
  ['AES_256', 32],
]);

function dataKeyLength({ KeySpec, NumberOfBytes }: Input): number {
  const length = typeof KeySpec === 'string' ? KEY_SPECS.get(KeySpec) : NumberOfBytes;
  if (typeof length === 'number' && length >= 1 && length <= 1024) return length;
  throw new AwsError('ValidationException', 'Name a KeySpec (AES_128 or AES_256) or a NumberOfBytes from 1 to 1024.');
}

/** A blob is length of the ARN (2 bytes), ARN, nonce, tag, ciphertext: Decrypt need not be told the key. */
function encrypted(masterKey: Buffer, input: Input, plaintext: Buffer): { CiphertextBlob: string; KeyId: string } {
  const keyId = keyArn(text(input, 'KeyId'));
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', masterKey, nonce).setAAD(authenticated(keyId, input));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(keyId));
  const blob = Buffer.concat([length, Buffer.from(keyId), nonce, cipher.getAuthTag(), sealed]);
  return { CiphertextBlob: blob.toString('base64'), KeyId: keyId };
}

function decrypted(masterKey: Buffer, input: Input): object {
  const { keyId, nonce, tag, sealed } = opened(Buffer.from(text(input, 'CiphertextBlob'), 'base64'));
  if (input['KeyId'] !== undefined && keyArn(text(input, 'KeyId')) !== keyId) {
    throw new AwsError('IncorrectKeyException', 'The ciphertext was made with another key.');
  }
  try {
    const decipher = createDecipheriv('aes-256-gcm', masterKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(authenticated(keyId, input)).setAuthTag(tag);
    const plaintext = Buffer.concat([decipher.update(sealed), decipher.final()]);
    return { KeyId: keyId, Plaintext: plaintext.toString('base64'), EncryptionAlgorithm: ALGORITHM };
  } catch {
    throw unreadable();
  }
}

function opened(blob: Buffer): { keyId: string; nonce: Buffer; tag: Buffer; sealed: Buffer } {
  const nonceAt = blob.length < 2 ? Infinity : 2 + blob.readUInt16BE(0);
  const tagAt = nonceAt + NONCE_BYTES;
  const sealedAt = tagAt + TAG_BYTES;
  if (sealedAt > blob.length) throw unreadable();
  return {
    keyId: blob.toString('utf8', 2, nonceAt),
    nonce: blob.subarray(nonceAt, tagAt),
    tag: blob.subarray(tagAt, sealedAt),
    sealed: blob.subarray(sealedAt),
  };
}

const unreadable = (): AwsError =>
  new AwsError(
    'InvalidCiphertextException',
    'The ciphertext was changed, or made with another key or encryption context.',
  );

const keyArn = (keyId: string): string => {
  if (keyId.startsWith('arn:')) return keyId;
  return arnOf('kms', keyId.startsWith('alias/') ? keyId : `key/${keyId}`);
};

/** The order of the context's members does not count. */
function authenticated(keyId: string, { EncryptionContext = {} }: Input): Buffer {
  if (!isObject(EncryptionContext)) throw new AwsError('ValidationException', 'EncryptionContext is not an object.');
  const pairs = Object.entries(EncryptionContext).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify([keyId, pairs]));
}
