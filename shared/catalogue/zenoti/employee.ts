import * as z from 'zod';
import type { EventType } from '../define.ts';
import { flag, id, num, part, phone, text, unseen } from './parts.ts';
import created from './samples/Employee.Created.json' with { type: 'json' };
import updated from './samples/Employee.Updated.json' with { type: 'json' };
import deleted from './samples/Employee.Deleted.json' with { type: 'json' };

const jobInfo = part({
  job_id: text,
  job_name: text,
  designation_id: unseen,
  company_name: text,
  salary: num,
  hourly_rate: num,
  overtime_baseline_hours: num,
  overtime_type: num,
  overtime_multiplier: num,
  work_task_ids: unseen,
  request_therapist_bonus: num,
  mandatory_break_period: num,
  is_elgible_for_additional_commision_bonus: flag,
  max_work_hours: num,
  target_revenue: num,
  vacation_days: num,
  special_leave_days: num,
  start_date: text,
  end_date: text,
  tenure_start_date: text,
  pay_type: num,
});

const preferenceInfo = part({
  culture_id: num,
  search_tags: text,
  receive_marketing_emails: flag,
  receive_marketing_messages: flag,
  receive_transactional_emails: flag,
  receive_transactional_messages: flag,
  receive_daily_reports: flag,
  receive_register_closure_report: flag,
  waive_biometric_checkin: flag,
  access_manager_productivity_app: flag,
  is_mentor: flag,
  access_employee_productivity_app: flag,
  access_code: text,
  keyword: text,
  allow_analytics_access: num,
  allow_api_access: flag,
  text_field_1: text,
  text_field_2: text,
  additional_date_1: text,
  additional_date_2: text,
  send_confirmation_for_scheduled_appointments: flag,
});

const employee = z.looseObject({
  id,
  code: text,
  center_id: text,
  is_consultant: unseen,
  created_by: text,
  personal_info: part({
    first_name: text,
    middle_name: text,
    last_name: text,
    nick_name: text,
    notification_name: text,
    email: text,
    mobile_phone: phone,
    home_phone: phone,
    work_phone: phone,
    gender: num, // -1 for none
    birth_date: text,
    anniversary_date: text,
  }),
  address: part({
    address_1: text,
    address_2: text,
    city: text,
    country_id: num,
    state_id: num,
    zip_code: text,
  }),
  login_info: part({ username: text }),
  job_info: jobInfo,
  preference_info: preferenceInfo,
  payroll_info: part({ include_in_payroll: num }),
  vanity_image_url: unseen,
  roles: part({ security_profile_id: text }),
  catalog_info: part({ show_in_catalog: flag, display_name: text, description: text }),
});

export const employeeEvents: Record<string, EventType> = {
  'Employee.Created': {
    group: 'Employee',
    description: 'An employee was created.',
    schema: employee,
    sample: created,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Employee.Updated': {
    group: 'Employee',
    description: 'An employee was changed. The data is the whole employee and does not say what changed.',
    schema: employee,
    sample: updated,
    sampleSource: 'published',
    nameSource: 'published',
  },
  'Employee.Deleted': {
    group: 'Employee',
    description: 'An employee was deleted. The data is the whole employee as it last was.',
    schema: employee,
    sample: deleted,
    sampleSource: 'published',
    nameSource: 'published',
  },
};
