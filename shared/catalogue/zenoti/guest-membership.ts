import * as z from 'zod';
import type { EventType } from '../define.ts';
import { flag, id, list, named, num, part, purchase, text, unseen } from './parts.ts';
import membershipCreated from './samples/Guest.Membership.Created.json' with { type: 'json' };
import membershipFreeze from './samples/Guest.Membership.Freeze.json' with { type: 'json' };
import membershipUnfreeze from './samples/Guest.Membership.Unfreeze.json' with { type: 'json' };
import membershipCancelled from './samples/Guest.Membership.Cancelled.json' with { type: 'json' };
import membershipReinstate from './samples/Guest.Membership.Reinstate.json' with { type: 'json' };
import redeemed from './samples/Guestpass.redeemed.json' with { type: 'json' };

const membership = part({
  id: text,
  name: text,
  code: text,
  OTP_required: flag,
  'T&C': text,
  add_on_members_count: num,
  redemption_post_expiry_settings: part({
    can_select_specific_post_expiry_setting: flag,
    redeem_post_expiry: flag,
    grace_period_days: num,
  }),
  guestpass_total: num,
  guestpass_balance: num,
  lock_cycles: num,
  restrict_cross_center_redemption: flag,
  type: num,
  freeze_fee_reason_enabled: flag,
  freeze_fee: unseen,
  is_dicount_only_membership: unseen,
});

const serviceBalance = z.looseObject({
  service: part({
    id: text,
    name: text,
    sale_as_part_of_package_or_membership_only: flag,
    book_with_partial_balance: num,
    item_type: unseen,
    duration: num,
    has_segments: flag,
  }),
  total: num,
  balance: num,
  redeemable_balance: num,
  used: num,
  transfered: num,
  expired: num,
  frequncy: text,
  last_usage_date: unseen,
  accrued_on: unseen,
  is_category: flag,
  exists_in_current_center: flag,
  discount_details: part({
    discount_type: num,
    peak_discount: num,
    offpeak_discount: num,
    post_credit_peak_discount: num,
    post_credit_offpeak_discount: num,
  }),
  price: unseen,
});

const center = part({
  id: text,
  name: text,
  location: part({ address_1: unseen, address_2: unseen, city: unseen, state: unseen, country: unseen }),
  time_zone: part({
    id: num,
    name: unseen,
    standard_name: unseen,
    identifier_name: unseen,
    abbreviation: unseen,
  }),
});

/** What a guest bought. Every event shows its own part of it, and every one has the id. */
const userMembership = z.looseObject({
  user_membership_id: id,
  group_user_membership_id: text,
  guest_id: text,
  status: num,
  recurrence_status: num,
  member_code: text,
  is_refunded: flag,
  has_digital_form: flag,
  expiry_date: text,
  next_collection_date: text,
  grace_period_date: text,
  grace_period_days: num,
  pending_waive_collections: num,
  tc_acceptedon: unseen,
  payments: part({ payment_type: num, duration: num, duration_type: num, default_payment_info: text }),
  payment_history: unseen,
  recurring_details: unseen,
  sold_by: named,
  invoice: part({
    id: text,
    no: text,
    item_id: text,
    receipt_no: text,
    status: num,
    allow_other_centers_for_action_on_invoices: flag,
  }),
  membership,
  purchase,
  members: list(z.looseObject({ id: text, name: text })),
  credit_balance: part({ total: num, service: num, product: num, other: num, comments: unseen }),
  center,
  service_balance: list(serviceBalance),
});

const frozenMembership = userMembership.extend({
  freeze: part({
    start_date: text,
    end_date: text,
    type: num,
    fee: num,
    fee_type: num,
    comments: text,
    froze_by: text,
  }),
});

const cancelledMembership = userMembership.extend({
  cancel: part({
    cancel_initiated_date: text,
    cancel_date: text,
    termination_date: text,
    reason: text,
    cancelled_by: text,
  }),
});

const reinstatedMembership = userMembership.extend({
  auto_renewal: part({
    selected_option: part({
      id: text,
      name: text,
      renew_status: flag,
      is_expired: flag,
      renew_membership_amount: num,
    }),
  }),
});

const redemption = z.looseObject({
  id,
  date: text,
  guestpass_id: text,
  guest_id: text,
  session_id: num,
  invoice_id: text,
  user_membership_id: text,
  membership: named,
  is_category: flag,
  total: num,
  balance: num,
  used: num,
  transferred: num,
  expired: num,
  frequency: text,
});

export const guestMembershipEvents: Record<string, EventType> = {
  'Guest.Membership.Created': {
    group: 'GuestMembership',
    description: 'A guest bought a membership.',
    schema: userMembership,
    sample: membershipCreated,
    sampleSource: 'completed',
    nameSource: 'published',
  },
  'Guest.Membership.Freeze': {
    group: 'GuestMembership',
    description: 'A membership was frozen.',
    schema: frozenMembership,
    sample: membershipFreeze,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Guest.Membership.Unfreeze': {
    group: 'GuestMembership',
    description: 'A frozen membership runs again.',
    schema: userMembership,
    sample: membershipUnfreeze,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Guest.Membership.Cancelled': {
    group: 'GuestMembership',
    description: 'A membership was cancelled.',
    schema: cancelledMembership,
    sample: membershipCancelled,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Guest.Membership.Reinstate': {
    group: 'GuestMembership',
    description: 'A cancelled membership was reinstated.',
    schema: reinstatedMembership,
    sample: membershipReinstate,
    sampleSource: 'published',
    nameSource: 'proposed',
  },
  'Guestpass.redeemed': {
    group: 'GuestMembership',
    description: 'A guest pass of a membership was used. The lower-case r is the provider’s own.',
    schema: redemption,
    sample: redeemed,
    sampleSource: 'published',
    nameSource: 'published',
  },
};
