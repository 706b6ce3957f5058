//! What the end-to-end tests, the simulation and the demo share; the crates under test hold none of it.

pub mod demo;
pub mod effort;
pub mod hostile;
pub mod judges;
pub mod load;
pub mod measure;
pub mod payments;
pub mod psp;
pub mod relay;
pub mod sim;
pub mod stage;
