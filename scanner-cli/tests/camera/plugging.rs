//! A camera that is plugged in and out, as a source of frames.

use std::collections::VecDeque;

use nokhwa::utils::{FrameFormat, Resolution};
use nokhwa::{Buffer, Camera};
use usher_scan::source::camera::{CameraFault, CameraFrames};
use usher_scan::source::{Capture, Source, SourceError};

use crate::recording::{camera_of, gone};

/// A camera that plays frames and is then unplugged.
fn camera_with(frames: impl IntoIterator<Item = Buffer, IntoIter: 'static>) -> Camera {
    let mut frames = frames.into_iter();
    camera_of(move || frames.next().ok_or_else(gone))
}

/// Returns what came out of the source.
fn told(capture: Capture) -> &'static str {
    match capture {
        Capture::Frame(_) => "frame",
        Capture::Outage {
            fault: SourceError::Camera(fault),
            ..
        } => match fault {
            CameraFault::Missing { .. } => "missing",
            CameraFault::Lost { .. } => "lost",
            CameraFault::Spoiled { .. } => "spoiled",
            CameraFault::NotBuilt
            | CameraFault::Forbidden { .. }
            | CameraFault::Busy { .. }
            | CameraFault::Refused { .. } => "refused",
        },
        other @ (Capture::Picture { .. }
        | Capture::Typed(_)
        | Capture::Keyed(_)
        | Capture::Fault(_)
        | Capture::Outage { .. }
        | Capture::End) => panic!("a camera never yields {other:?}"),
    }
}

#[test]
fn a_camera_that_is_missing_or_unplugged_carries_on_when_it_is_back() {
    let frame = |bytes| Buffer::new(Resolution::new(2, 2), bytes, FrameFormat::GRAY);
    let (good, bad) = (|| frame(&[0; 4]), || frame(&[0; 3]));
    let missing = |index| {
        Err(CameraFault::Missing {
            index,
            present: vec![2],
        })
    };
    let mut openings: VecDeque<Result<Camera, CameraFault>> = VecDeque::from([
        missing(0),
        missing(0),
        Ok(camera_with([good(), good()])),
        missing(0),
        Ok(camera_with([bad(), good(), bad()])),
        Ok(camera_with(std::iter::repeat_n(bad(), 40))),
        Ok(camera_with([good()])),
    ]);
    let mut source = CameraFrames::with_opener(0, |_| openings.pop_front().unwrap());
    let seen: Vec<_> = (0..10).map(|_| told(source.next())).collect();
    assert_eq!(
        seen,
        [
            "missing", "missing", "frame", "frame", "lost", "missing", "frame", "lost", "spoiled", "frame"
        ]
    );
}
