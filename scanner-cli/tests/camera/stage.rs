//! What is in front of a camera, changed while it runs; leaves out who looks at its frames.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use nokhwa::utils::{FrameFormat, Resolution};
use nokhwa::{Buffer, Camera, NokhwaError};
use usher_eyes::LumaFrame;
use usher_scan::source::camera::{CameraFault, CameraFrames};

use crate::recording::{camera_of, gone};

/// Time between two frames of the camera: faster than most, so that tests are short.
const FRAME_EVERY: Duration = Duration::from_millis(15);

/// A stage with one camera before it. When it is dropped, the camera is gone for good.
pub struct Stage(Arc<Shared>);

struct Shared {
    on: Mutex<On>,
    changed: Condvar,
}

/// What is on the stage.
struct On {
    state: State,
    /// Shown one after another, again and again.
    frames: Vec<Buffer>,
    given: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Plugged,
    Unplugged,
    /// The driver waits for a frame that never comes.
    Stalled,
}

impl Stage {
    /// An empty stage, evenly lit.
    pub fn new() -> Self {
        let on = On {
            state: State::Plugged,
            frames: vec![grey(&blank())],
            given: 0,
        };
        Self(Arc::new(Shared {
            on: Mutex::new(on),
            changed: Condvar::new(),
        }))
    }

    /// Shows these frames in turn from now on.
    pub fn show(&self, frames: impl IntoIterator<Item = Buffer>) {
        let frames = frames.into_iter().collect();
        self.change(|on| on.frames = frames);
    }

    pub fn unplug(&self) {
        self.change(|on| on.state = State::Unplugged);
    }

    pub fn stall(&self) {
        self.change(|on| on.state = State::Stalled);
    }

    /// Everything is well again.
    pub fn plug_in(&self) {
        self.change(|on| on.state = State::Plugged);
    }

    /// How many frames the camera gave since the start.
    pub fn frames_given(&self) -> usize {
        self.0.on().given
    }

    /// The driver of the camera.
    pub fn driver(&self) -> Driver {
        Driver(Arc::clone(&self.0))
    }

    fn change(&self, change: impl FnOnce(&mut On)) {
        change(&mut self.0.on());
        self.0.changed.notify_all();
    }
}

/// Opens the camera on whatever thread reads it.
pub struct Driver(Arc<Shared>);

impl Driver {
    /// The camera, as the scanner opens it.
    pub fn camera(&self) -> CameraFrames<impl FnMut(u32) -> Result<Camera, CameraFault> + use<>> {
        let shared = Arc::clone(&self.0);
        CameraFrames::with_opener(0, move |index| {
            if shared.on().state == State::Unplugged {
                let present = Vec::new();
                return Err(CameraFault::Missing { index, present });
            }
            let shared = Arc::clone(&shared);
            Ok(camera_of(move || shared.next_frame()))
        })
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.unplug();
    }
}

impl Shared {
    fn on(&self) -> MutexGuard<'_, On> {
        self.on.lock().unwrap()
    }

    fn next_frame(&self) -> Result<Buffer, NokhwaError> {
        let mut on = self.on();
        // A camera gives a frame when its time has come, whatever is shown meanwhile.
        on = self.changed.wait_timeout(on, FRAME_EVERY).unwrap().0;
        on = self
            .changed
            .wait_while(on, |on| on.state == State::Stalled)
            .unwrap();
        if on.state == State::Unplugged {
            return Err(gone());
        }
        on.given += 1;
        Ok(on.frames[on.given % on.frames.len()].clone())
    }
}

/// A frame as a camera without colours gives it.
pub fn grey(frame: &LumaFrame) -> Buffer {
    Buffer::new(size(frame), frame.luma(), FrameFormat::GRAY)
}

/// Nothing, evenly lit.
pub fn blank() -> LumaFrame {
    LumaFrame::new(640, 480, vec![180; 640 * 480]).unwrap()
}

pub fn size(frame: &LumaFrame) -> Resolution {
    Resolution::new(frame.width(), frame.height())
}
