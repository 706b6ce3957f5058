//! `/v1/organizer`: where organizers make and publish what is sold; every request carries an API key.

pub mod acts;
pub mod admissions;
pub mod allowed;
pub mod api_keys;
pub mod bookings;
pub mod canceling;
pub mod codes;
pub mod counts;
pub mod devices;
pub mod draft;
pub mod events;
pub mod incidents;
pub mod keys;
pub mod moving;
pub mod names;
pub mod owned;
pub mod policy;
pub mod policy_spec;
pub mod prices;
pub mod refund_lists;
pub mod refunds;
pub mod revoking;
pub mod sales;
pub mod signing;
pub mod tickets;
pub mod venues;
