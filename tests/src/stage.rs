//! The programs as their users run them, on one machine: cloud, hubs and scanners as processes in a temporary folder.

pub mod http;
pub mod patience;
pub mod process;
pub mod programs;
pub mod qr;
