//! The scanner of Usher: reads ticket codes from a camera, a wedge or pictures and shows what became of
//! them; the rules of admission and the sync protocol are other crates' business.
//!
//! Begin with [`station`]: what comes in from a [`source`], is judged by a [`clerk`], and goes to the [`screen`].

pub mod annulling;
pub mod answer;
pub mod ask;
pub mod clerk;
pub mod cli;
pub mod corrections;
pub mod counting;
pub mod decode;
pub mod eyes;
pub mod feed;
pub mod folder;
pub mod frame_statistics;
pub mod gate_position;
pub mod handover;
pub mod keys;
pub mod last_known;
pub mod links;
pub mod lookup;
pub mod order;
pub mod others;
pub mod overruling;
pub mod presentation;
pub mod preview;
pub mod printable;
pub mod readings;
pub mod scan_judge;
pub mod scanner;
pub mod screen;
pub mod sheet;
pub mod source;
pub mod station;
pub mod status;
