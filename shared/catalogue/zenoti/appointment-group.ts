import * as z from 'zod';
import type { EventType } from '../define.ts';
import { appointments, id, num, part, text } from './parts.ts';
import created from './samples/AppointmentGroup.Created.json' with { type: 'json' };
import updated from './samples/AppointmentGroup.Updated.json' with { type: 'json' };
import status from './samples/AppointmentGroup.Status.json' with { type: 'json' };
import deletion from './samples/AppointmentGroup.Delete.json' with { type: 'json' };

/** A guest's appointments of one visit. A deletion shows as an update with no appointments left. */
const appointmentGroup = z.looseObject({
  appointment_group_id: id,
  invoice_id: text,
  invoice_number: text,
  invoice_number_prefix: text,
  utm_source: text,
  utm_medium: text,
  organization_id: text,
  center_id: text,
  center_Name: text,
  guest: part({ id: text, first_name: text, last_name: text, email: text }),
  appointments,
});

/** Without center, guest and appointments. -2 no show, -1 cancelled, 0 new, 1 closed, 2 checked in, 4 confirmed, 21 voided. */
const groupStatus = z.looseObject({
  appointment_group_id: id,
  invoice_id: text,
  invoice_number: text,
  receipt_number: text, // "0" for none
  appointment_group_status: num,
  is_noshowfeerequired: text, // "Yes"
  is_cancellationfeerequired: text,
});

const groupDeletion = z.looseObject({ appointment_group_id: id, appointment_id: text });

export const appointmentGroupEvents: Record<string, EventType> = {
  'AppointmentGroup.Created': {
    group: 'AppointmentGroup',
    description: 'Appointments were booked.',
    schema: appointmentGroup,
    sample: created,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'AppointmentGroup.Updated': {
    group: 'AppointmentGroup',
    description:
      'Booked appointments were changed; an empty list means that they were deleted. Known from receivers, not from documents.',
    schema: appointmentGroup,
    sample: updated,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'AppointmentGroup.Status': {
    group: 'AppointmentGroup',
    description: 'The status of booked appointments changed; cancelling and rescheduling come as this.',
    schema: groupStatus,
    sample: status,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'AppointmentGroup.Delete': {
    group: 'AppointmentGroup',
    description: 'An appointment was deleted from its group. Known from one receiver, not from documents.',
    schema: groupDeletion,
    sample: deletion,
    sampleSource: 'completed',
    nameSource: 'proposed',
  },
};
