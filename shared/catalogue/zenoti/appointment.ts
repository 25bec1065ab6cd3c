import * as z from 'zod';
import type { EventType } from '../define.ts';
import { appointments, either, flag, id, list, maybe, num, text } from './parts.ts';
import started from './samples/Appointment.Started.json' with { type: 'json' };
import completed from './samples/Appointment.Completed.json' with { type: 'json' };
import feedbackCreated from './samples/Appointment.Feedback.Created.json' with { type: 'json' };

const appointmentProgress = z.looseObject({
  invoice_id: text,
  invoice_number: text,
  appointment_group_id: id,
  center_id: text,
  appointments,
});

/** Version 1 rates four things, version 2 rates once and has tags. A later version may do either. */
const ratings = z.looseObject({ service: num, therapist: num, ambience: num, cleanliness: num });

const feedback = z.looseObject({
  organization_id: text,
  center_id: text,
  user_id: text,
  version: num,
  appointment_group_id: id,
  rating_value: maybe(either(z.number(), ratings)),
  guest_feedback_tags: list(z.looseObject({ id: num, name: text })),
  comments: text,
  source: num,
  recommendation: flag,
  share_feedback: flag,
});

export const appointmentEvents: Record<string, EventType> = {
  'Appointment.Started': {
    group: 'Appointment',
    description: 'An appointment began.',
    schema: appointmentProgress,
    sample: started,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Appointment.Completed': {
    group: 'Appointment',
    description: 'An appointment ended.',
    schema: appointmentProgress,
    sample: completed,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Appointment.Feedback.Created': {
    group: 'Appointment',
    description: 'A guest rated a visit: `rating_value` is an object in version 1 and a number in version 2.',
    schema: feedback,
    sample: feedbackCreated,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
};
