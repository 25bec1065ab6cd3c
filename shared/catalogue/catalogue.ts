import { defineCatalogue } from './define.ts';
import { appointmentGroupEvents } from './zenoti/appointment-group.ts';
import { appointmentEvents } from './zenoti/appointment.ts';
import { classEvents } from './zenoti/class.ts';
import { employeeEvents } from './zenoti/employee.ts';
import { guestMembershipEvents } from './zenoti/guest-membership.ts';
import { guestPackageEvents } from './zenoti/guest-package.ts';
import { guestEvents } from './zenoti/guest.ts';
import { invoiceEvents } from './zenoti/invoice.ts';

/**
 * The events of Zenoti, as its public reference shows them (https://docs.zenoti.com/reference). `resource` is the first
 * word of the event types, which is what the provider itself puts into `event_resource` wherever it is not null.
 */
export default defineCatalogue({
  groups: {
    Invoice: { description: 'Closed invoices.', resource: 'Invoice' },
    Guest: { description: 'Guests, their profiles and what messages they agree to.', resource: 'Guest' },
    Class: { description: 'Sessions of classes and the bookings of them.', resource: 'Class' },
    GuestMembership: { description: 'Memberships of guests, and guest passes drawn from them.', resource: 'Guest' },
    GuestPackage: { description: 'Packages that guests bought, and their use.', resource: 'Guest' },
    Appointment: { description: 'The course of appointments, and feedback on them.', resource: 'Appointment' },
    AppointmentGroup: { description: 'Appointments booked together, and their status.', resource: 'AppointmentGroup' },
    Employee: { description: 'Employees and their profiles.', resource: 'Employee' },
  },
  eventTypes: {
    ...invoiceEvents,
    ...guestEvents,
    ...classEvents,
    ...guestMembershipEvents,
    ...guestPackageEvents,
    ...appointmentEvents,
    ...appointmentGroupEvents,
    ...employeeEvents,
  },
});
