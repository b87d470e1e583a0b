//! The queue, the schedule and the mails.
