//! Runs the camera loop on frames drawn here, through a capture backend of our own: from the driver's bytes to the
//! words on the screen.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "camera/gate.rs"]
mod gate;
#[path = "camera/plugging.rs"]
mod plugging;
#[path = "camera/reading.rs"]
mod reading;
#[path = "camera/recording.rs"]
mod recording;
#[path = "../eyes/tests/eyes/scene.rs"]
mod scene;
#[path = "camera/stage.rs"]
mod stage;
