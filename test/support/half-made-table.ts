/** `node half-made-table.ts <folder of tables> <name>` is killed while it makes that table. */
import { once } from 'node:events';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { clientsOf } from './aws-clients.ts';

const [path = '', TableName = ''] = process.argv.slice(2);
const server = dynalite({ path, createTableMs: 2 ** 30 }).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' ? address?.port : undefined;
const { dynamodb } = clientsOf({ sqs: '', other: '', dynamodb: `http://127.0.0.1:${port}` });
await dynamodb.send(
  new CreateTableCommand({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((key) => ({ AttributeName: key, AttributeType: 'S' as const })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  }),
);
process.kill(process.pid, 'SIGKILL');
