import { randomUUID } from 'node:crypto';
import { arnOf } from './identity.ts';
import { AwsError, text, type Input, type Operation } from './rpc.ts';

export interface TopicSpec {
  name: string;
  /** Takes what is published: all members of the request but the topic, as they were sent. */
  take(message: Input): void;
}

export interface Topics {
  ensure(topic: TopicSpec): { arn: string };
  operations: Record<string, Operation>;
}

/** In bytes. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const LONGEST_MESSAGE = 256 * 1024;

/** SNS's Publish. Nobody subscribes here: a topic hands its messages to whoever made it. */
export function createTopics(): Topics {
  const topics = new Map<string, TopicSpec>();

  return {
    ensure(topic) {
      const arn = arnOf('sns', topic.name);
      topics.set(arn, topic);
      return { arn };
    },
    operations: {
      Publish: ({ TopicArn, ...message }) => {
        const topic = topics.get(text({ TopicArn }, 'TopicArn'));
        if (!topic) throw new AwsError('NotFound', 'Topic does not exist', 404);
        const { Message: body } = message;
        if (typeof body !== 'string' || body === '') throw invalid('Empty message');
        if (Buffer.byteLength(body) > LONGEST_MESSAGE) throw invalid('Message too long');
        topic.take(message);
        return { MessageId: randomUUID() };
      },
    },
  };
}

const invalid = (reason: string): AwsError => new AwsError('InvalidParameter', `Invalid parameter: ${reason}`);
