//! The cloud core of Usher: sells tickets, signs them, and is the authority of every event.
//!
//! Begin with [`routes`] for what a process answers, with [`selling`] for what may be sold, and with [`authority`] for what events say to
//! their devices. [`store`] keeps it all; [`server`] puts a process together.

pub mod acts;
pub mod api;
pub mod authority;
pub mod booking;
pub mod buyers;
pub mod calendar;
pub mod catalogue;
pub mod cli;
pub mod clock;
pub mod config;
mod endpoint_secrets;
pub mod export;
mod halted;
mod headers;
pub mod ids;
mod jobs;
pub mod kept_answers;
pub mod key_hash;
pub mod languages;
pub mod letters;
pub mod link_letters;
mod local_time;
mod mailer;
pub mod master_key;
pub mod metrics;
pub mod moment;
pub mod money;
pub mod moving;
mod observe;
mod openapi;
pub mod pages;
pub mod paused_sale;
pub mod payment;
pub mod printing;
pub mod proofs;
pub mod qr;
pub mod rights;
pub mod rooms;
pub mod routes;
pub mod seat_maps;
pub mod selling;
mod sending;
pub mod server;
pub mod signing;
pub mod staff;
mod staff_secrets;
pub mod state;
pub mod store;
pub mod test_sale;
pub mod waiting_room;
pub mod webhooks;
pub mod wrong_clock;
pub mod wrong_keys;
