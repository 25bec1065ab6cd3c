import * as z from 'zod';
import type { EventType } from '../define.ts';
import { flag, list, num, numericId, phone, text, unseen } from './parts.ts';
import scheduleCreated from './samples/Class.Schedule.Created.json' with { type: 'json' };
import scheduleUpdated from './samples/Class.Schedule.Updated.json' with { type: 'json' };
import scheduleCancelled from './samples/Class.Schedule.Cancelled.json' with { type: 'json' };
import scheduleDeleted from './samples/Class.Schedule.Deleted.json' with { type: 'json' };
import bookingCreated from './samples/Class.Booking.Created.json' with { type: 'json' };
import bookingCancelled from './samples/Class.Booking.Cancelled.json' with { type: 'json' };
import bookingDeleted from './samples/Class.Booking.Deleted.json' with { type: 'json' };
import bookingApproved from './samples/Class.Booking.Approved.json' with { type: 'json' };
import bookingNoShow from './samples/Class.Booking.NoShow.json' with { type: 'json' };
import bookingRejected from './samples/Class.Booking.Rejected.json' with { type: 'json' };

const session = z.looseObject({
  sesion_id: numericId, // spelt so; a booking has `session_id`
  center_id: text,
  class_name: text,
  start_time: text,
  end_time: text,
  duration_in_mins: num,
  instructor_details_list: unseen,
  room_id: unseen,
  capacity: num,
  web_capacity: num,
  show_in_catalog: num, // 0 or 1, where an employee has a boolean
  is_free_session: flag,
  description: text,
  html_description: text,
  is_recurring: flag,
  recurrence_start_time: unseen,
  recurrence_end_time: unseen,
  recurrence_type: unseen,
  frequency: unseen,
  num_occurences: unseen,
  weekdays: unseen,
  override_conflict_check: flag,
  enforce_add_on_conflict: flag,
  class_type: num,
  code: unseen,
  event_id: num, // not the envelope's; null or -1 for none
  student_virtual_link: text,
  instructor_virtual_link: text,
  recurrence_id: num,
  recurrence_session_ids: unseen,
});

const virtualGuest = z.looseObject({
  guest_id: text,
  registration_id: num,
  first_name: text,
  last_name: text,
  email: text,
  mobile_phone: phone,
  gender: num,
});

const booking = z.looseObject({
  workshop_id: num,
  track_id: num, // -1 for none
  class_id: num,
  session_id: numericId,
  add_to_all: num,
  training_virtual_guests: list(virtualGuest),
  guest_id: text,
  center_id: text,
  waitlist: flag,
  booking_source: num,
  registration_id: num,
  group_invoice_id: text,
  is_recurring: flag,
  recurrence_id: num,
  recurrence_registration_ids: list(z.number()),
  guest_registration_ids: unseen,
});

export const classEvents: Record<string, EventType> = {
  'Class.Schedule.Created': {
    group: 'Class',
    description: 'A session of a class was scheduled.',
    schema: session,
    sample: scheduleCreated,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Class.Schedule.Updated': {
    group: 'Class',
    description: 'A session of a class was changed. The data is the whole session and does not say what changed.',
    schema: session,
    sample: scheduleUpdated,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Class.Schedule.Cancelled': {
    group: 'Class',
    description: 'A session of a class was cancelled. It may be deleted later, under the same id.',
    schema: session,
    sample: scheduleCancelled,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Class.Schedule.Deleted': {
    group: 'Class',
    description: 'A session of a class was deleted.',
    schema: session,
    sample: scheduleDeleted,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Class.Booking.Created': {
    group: 'Class',
    description: 'A guest booked a session.',
    schema: booking,
    sample: bookingCreated,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Class.Booking.Cancelled': {
    group: 'Class',
    description: 'A booking was cancelled.',
    schema: booking,
    sample: bookingCancelled,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Class.Booking.Deleted': {
    group: 'Class',
    description: 'A booking was deleted.',
    schema: booking,
    sample: bookingDeleted,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Class.Booking.Approved': {
    group: 'Class',
    description: 'A booking was approved.',
    schema: booking,
    sample: bookingApproved,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Class.Booking.NoShow': {
    group: 'Class',
    description: 'A guest did not come to a booked session.',
    schema: booking,
    sample: bookingNoShow,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Class.Booking.Rejected': {
    group: 'Class',
    description: 'A booking was rejected.',
    schema: booking,
    sample: bookingRejected,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
};
