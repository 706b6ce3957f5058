//! A camera as a source of frames that survives being unplugged; leaves out reading the codes.

mod fault;
mod luma;

use std::path::Path;
use std::time::{Duration, Instant};

use nokhwa::utils::{
    ApiBackend, CameraFormat, CameraIndex, FrameFormat, RequestedFormat, RequestedFormatType,
};
use nokhwa::{Camera, NokhwaError};

use super::{Capture, Shot, Source};

pub use fault::CameraFault;
pub use luma::SpoiledFrame;

/// Pause between attempts to open a camera: short enough that plugging it in feels immediate.
const CAMERA_RETRY: Duration = Duration::from_secs(1);

/// Damaged frames in a row before the camera is opened afresh: about a second of them.
const MAX_SPOILED_FRAMES: u32 = 30;

/// The picture size asked for, in pixels: enough for a ticket at arm's length, cheap enough to read every frame.
const WANTED_SIZE: (u32, u32) = (1_280, 720);

/// Frames per second under which a hand-held code blurs between frames.
const WANTED_FRAMES_PER_SECOND: u32 = 15;

/// The encodings the scanner understands, those that need no unpacking first.
const ENCODINGS: [FrameFormat; 6] = [
    FrameFormat::GRAY,
    FrameFormat::NV12,
    FrameFormat::YUYV,
    FrameFormat::MJPEG,
    FrameFormat::RAWRGB,
    FrameFormat::RAWBGR,
];

/// Says whether this program can use cameras at all.
///
/// # Errors
/// [`CameraFault::NotBuilt`] when the feature `camera` is off.
pub fn ensure_built() -> Result<(), CameraFault> {
    if cfg!(feature = "camera") {
        Ok(())
    } else {
        Err(CameraFault::NotBuilt)
    }
}

/// Yields the frames of one camera; opens it again whenever it went away. `O` opens it.
pub struct CameraFrames<O> {
    index: u32,
    open: O,
    camera: Option<Camera>,
}

impl CameraFrames<fn(u32) -> Result<Camera, CameraFault>> {
    /// Takes the camera with this number, as the system counts them. Use it on one thread only.
    #[must_use]
    pub fn new(index: u32) -> Self {
        Self::with_opener(index, open)
    }
}

impl<O: FnMut(u32) -> Result<Camera, CameraFault>> CameraFrames<O> {
    /// Takes whatever camera `open` returns, for a driver of one's own or recorded frames.
    pub fn with_opener(index: u32, open: O) -> Self {
        Self {
            index,
            open,
            camera: None,
        }
    }

    fn next_frame(&mut self) -> Result<Shot, CameraFault> {
        let camera = match &mut self.camera {
            Some(camera) => camera,
            closed @ None => closed.insert((self.open)(self.index)?),
        };
        let index = self.index;
        let mut spoiled = 0;
        loop {
            let buffer = camera
                .frame()
                .map_err(|source| CameraFault::Lost { index, source })?;
            let taken = Instant::now();
            spoiled += 1;
            match luma::of(&buffer) {
                Ok(frame) => return Ok(Shot { frame, taken }),
                Err(source) if spoiled >= MAX_SPOILED_FRAMES => {
                    return Err(CameraFault::Spoiled { index, source });
                }
                Err(source) => tracing::debug!(index, "a camera frame was skipped: {source}"),
            }
        }
    }
}

impl<O: FnMut(u32) -> Result<Camera, CameraFault>> Source for CameraFrames<O> {
    fn next(&mut self) -> Capture {
        match self.next_frame() {
            Ok(shot) => Capture::Frame(shot),
            Err(fault) => {
                self.camera = None;
                Capture::Outage {
                    fault: fault.into(),
                    retry_after: CAMERA_RETRY,
                }
            }
        }
    }
}

/// Opens a camera of this machine in the format that suits best.
fn open(index: u32) -> Result<Camera, CameraFault> {
    ensure_built()?;
    if cfg!(target_os = "linux") && !Path::new(&format!("/dev/video{index}")).exists() {
        return Err(CameraFault::Missing {
            index,
            present: present(),
        });
    }
    start(index).map_err(|source| {
        let said = source.to_string();
        if said.contains("Permission denied") {
            CameraFault::Forbidden { index, source }
        } else if said.contains("busy") {
            CameraFault::Busy { index, source }
        } else {
            CameraFault::Refused { index, source }
        }
    })
}

fn start(index: u32) -> Result<Camera, NokhwaError> {
    let any = RequestedFormat::with_formats(RequestedFormatType::None, &ENCODINGS);
    let mut camera = Camera::new(CameraIndex::Index(index), any)?;
    if let Some(best) = best_format(&camera.compatible_camera_formats()?) {
        let exact = RequestedFormat::with_formats(RequestedFormatType::Exact(best), &ENCODINGS);
        if let Err(error) = camera.set_camera_requset(exact) {
            tracing::info!(index, %best, "the camera keeps its own format: {error}");
        }
    }
    camera.open_stream()?;
    Ok(camera)
}

fn present() -> Vec<u32> {
    let found = nokhwa::query(ApiBackend::Auto).unwrap_or_default();
    let mut numbers: Vec<u32> = found
        .iter()
        .filter_map(|camera| camera.index().as_index().ok())
        .collect();
    numbers.sort_unstable();
    numbers
}

/// Picks the format that is fast enough, nearest to the wanted size, and cheapest to turn grey, in that order.
fn best_format(offered: &[CameraFormat]) -> Option<CameraFormat> {
    let known = |format: &&CameraFormat| ENCODINGS.contains(&format.format());
    offered.iter().filter(known).copied().min_by_key(|format| {
        let too_slow = format.frame_rate() < WANTED_FRAMES_PER_SECOND;
        let off_size = format.width().abs_diff(WANTED_SIZE.0) + format.height().abs_diff(WANTED_SIZE.1);
        let unpacking = ENCODINGS.iter().position(|known| *known == format.format());
        (too_slow, off_size, unpacking)
    })
}

#[cfg(test)]
mod tests;
