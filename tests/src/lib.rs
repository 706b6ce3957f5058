//! What the end-to-end tests, the simulation and the demo share; the crates under test hold none of it.
//!
//! Begin with [`stage`], which runs the real programs, and with [`sim`] for the simulation.

pub mod demo;
pub mod effort;
pub mod hostile;
pub mod judges;
pub mod load;
pub mod measure;
pub mod payments;
pub mod psp;
pub mod relay;
pub mod rush;
pub mod sim;
pub mod stage;
