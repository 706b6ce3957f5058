//! The cloud core of Usher: sells tickets, signs them, and is the authority of every event.

pub mod api;
pub mod authority;
pub mod booking;
mod chores;
pub mod cli;
pub mod clock;
pub mod config;
pub mod ids;
mod local_time;
pub mod metrics;
pub mod money;
pub mod moving;
mod observe;
pub mod pages;
pub mod paused_sale;
pub mod payment;
pub mod qr;
pub mod routes;
pub mod seat_maps;
pub mod server;
pub mod signing;
pub mod state;
pub mod store;
pub mod test_sale;
pub mod wrong_clock;
