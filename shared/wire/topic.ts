import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';

export const openTopics = (): SNSClient => new SNSClient({ maxAttempts: 3 });

/** What people and programs that listen to a topic get. `subject` is at most 100 characters of ASCII. */
export interface TopicMessage {
  subject: string;
  message: string;
}

/** A topic that operators listen to. */
export function topicAt(client: SNSClient, TopicArn: string) {
  return {
    /** Resolves when the topic has it. */
    async publish({ subject, message }: TopicMessage): Promise<void> {
      await client.send(
        new PublishCommand({
          TopicArn,
          Subject: subject,
          Message: message,
          // So that a listener can choose without reading it.
          MessageAttributes: { type: { DataType: 'String', StringValue: subject } },
        }),
      );
    },
  };
}
