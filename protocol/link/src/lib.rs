//! The one place that knows QUIC: endpoints from a device key, framed messages, and the loop that drives a session over a connection.

pub mod replica;

pub use replica::{Change, Outlook, Replica, Responder};
