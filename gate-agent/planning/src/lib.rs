//! An evening at the gates in virtual time: people come, wait and are scanned, machines fail, and what the scans come to is judged by the product's own code.
//!
//! Begin with [`Scenario::read`] and [`play`]. Reading files, showing progress and drawing what came of it are the caller's.

mod agenda;
mod chance;
mod crowd;
mod event;
mod figures;
mod lane;
mod network;
mod play;
mod scenario;
mod variants;
mod visitors;

pub use figures::{Evening, FailureSpan, FlowMinute, GateFlow};
pub use play::{EveningSoFar, play};
pub use scenario::{
    FailureKind, FailurePlan, GatePlan, HubPlan, NetworkPlan, Returns, Scenario, ScenarioError, Spread,
    TierPlan, Visitors,
};
pub use usher_protocol::policy::{EntryRule, Offline};
pub use variants::{Comparison, WhatIf};
