//! The venue hub as a library: the durable replica, the one admission path, the services of the local network; scanners use the replica too.

pub mod clock;
pub mod replica;

#[cfg(test)]
mod rehearsal;
