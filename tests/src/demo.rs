//! The demo: one festival from the first key to the last scan, with everything broken on purpose; the harness is in `stage`.

pub mod table;
