//! The venue hub as a library: the one admission path, the services of the local network; its replica is every device's.
//!
//! Begin with [`hub`], which serves one event, and with [`admission`] for the way of a scan.

pub mod admission;
pub mod cli;
pub mod config;
pub mod corrections;
mod csv;
pub mod doors;
pub mod http;
pub mod hub;
pub mod links;
pub mod lookup;
pub mod neighbours;
pub mod phone_codes;
pub mod pins;
pub mod planning;
pub mod report;
pub mod responder;
pub mod service;
pub mod services;
pub mod unheard;
