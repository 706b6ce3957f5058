//! Real programs on bad networks: whatever is lost, late, repeated or cut, everything that was answered is everywhere in the end, and nobody is let in who should not be.

mod network {
    pub mod capacity;
    pub mod dead_hub;
    pub mod directions;
    pub mod discovery;
    pub mod exits;
    pub mod four_hubs;
    pub mod guests;
    pub mod lateness;
    pub mod leaving;
    pub mod levels;
    pub mod namespace;
    pub mod shares;
    pub mod silence;
    pub mod site;
    pub mod third_hub;
    pub mod weather;
}
