//! Peers nobody has invited, and peers that misbehave, at the doors of real programs: they get nothing, the log says why, and
//! nobody else is harmed.

#[path = "strangers/crowd.rs"]
mod crowd;
#[path = "strangers/crowded.rs"]
mod crowded;
#[path = "strangers/doors.rs"]
mod doors;
#[path = "strangers/peer.rs"]
mod peer;
#[path = "strangers/refused.rs"]
mod refused;
