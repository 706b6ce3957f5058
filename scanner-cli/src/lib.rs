//! The scanner of Usher: reads ticket codes from a camera, a wedge or pictures and shows what became of
//! them; the rules of admission and the sync protocol are other crates' business.

pub mod answer;
pub mod cli;
pub mod debounce;
pub mod decode;
pub mod feed;
pub mod read;
pub mod screen;
pub mod source;
pub mod station;
pub mod words;
