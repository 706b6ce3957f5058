//! A deterministic simulation of one event: cloud, hubs and scanners in virtual time under faults, run from one seed; real processes are tested elsewhere.

pub mod accomplice;
pub mod agreement;
mod annulments;
pub mod calendar;
pub mod calm;
pub mod chaos;
pub mod counted;
pub mod counts;
pub mod disk;
mod excuses;
pub mod fleet;
pub mod homes;
pub mod liar;
pub mod lies;
pub mod mended;
pub mod newcomers;
pub mod node;
pub mod observer;
pub mod organizer;
pub mod people;
pub mod presumption;
pub mod random;
pub mod sabotage;
pub mod scans;
pub mod setting;
pub mod shape;
pub mod shrink;
pub mod slander;
pub mod slots;
pub mod supervisors;
pub mod wire;
pub mod world;
pub mod zones;

pub use sabotage::Sabotage;
pub use shape::{Kind, Shape, Tape};
pub use world::{Broken, Outcome, World, attempt, run};
