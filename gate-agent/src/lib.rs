//! The venue hub as a library: the durable replica, the one admission path, the services of the local network; scanners use the replica too.

pub mod admission;
pub mod cli;
pub mod clock;
pub mod config;
pub mod directory;
pub mod enrol;
pub mod expiry;
pub mod folder;
pub mod http;
pub mod hub;
pub mod links;
pub mod lookup;
pub mod neighbours;
pub mod replica;
pub mod responder;
pub mod service;
pub mod token;
pub mod unheard;
pub mod words;

#[cfg(test)]
mod rehearsal;
