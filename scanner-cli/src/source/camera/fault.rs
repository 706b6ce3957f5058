//! Why a camera gives no frames, and what staff can do about it.

use nokhwa::NokhwaError;
use thiserror::Error;

use super::luma::SpoiledFrame;

/// Why a camera gives no frames and what to do about it.
#[derive(Debug, Error)]
pub enum CameraFault {
    /// The program has no camera support in it.
    #[error(
        "this usher-scan was built without camera support: install libclang-dev and build it with `cargo build --release -p usher-scan --features camera`, or use --wedge or --image"
    )]
    NotBuilt,
    /// There is no such camera.
    #[error(
        "camera {index} is not there: plug it in, or choose another with --camera N ({})",
        listed(present)
    )]
    Missing {
        /// The one asked for.
        index: u32,
        /// Those that are there.
        present: Vec<u32>,
    },
    /// The system does not let us.
    #[error("camera {index} may not be used: add this user to the group `video` and log in again")]
    Forbidden {
        /// The one asked for.
        index: u32,
        /// What the driver said.
        #[source]
        source: NokhwaError,
    },
    /// Another program has it.
    #[error("camera {index} is in use: close the other program that shows its picture")]
    Busy {
        /// The one asked for.
        index: u32,
        /// What the driver said.
        #[source]
        source: NokhwaError,
    },
    /// It is there but does not start.
    #[error(
        "camera {index} does not start: unplug it and plug it in again, or choose another with --camera N"
    )]
    Refused {
        /// The one asked for.
        index: u32,
        /// What the driver said.
        #[source]
        source: NokhwaError,
    },
    /// It was there and is gone.
    #[error("camera {index} is gone: check its cable; scanning goes on by itself when it is back")]
    Lost {
        /// The one asked for.
        index: u32,
        /// What the driver said.
        #[source]
        source: NokhwaError,
    },
    /// It sends frames nobody can read.
    #[error("camera {index} sends damaged pictures: try another cable or port")]
    Spoiled {
        /// The one asked for.
        index: u32,
        /// What is wrong with the last one.
        #[source]
        source: SpoiledFrame,
    },
}

fn listed(present: &[u32]) -> String {
    if present.is_empty() {
        return "no camera is connected".to_owned();
    }
    let numbers: Vec<String> = present.iter().map(u32::to_string).collect();
    format!("connected: {}", numbers.join(", "))
}
