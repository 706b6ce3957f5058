//! A camera driver that gives what a test says; leaves out what that is.

use std::borrow::Cow;
use std::collections::HashMap;

use nokhwa::camera_traits::CaptureBackendTrait;
use nokhwa::utils::{
    ApiBackend, CameraControl, CameraFormat, CameraIndex, CameraInfo, ControlValueSetter, FrameFormat,
    KnownCameraControl, Resolution,
};
use nokhwa::{Buffer, Camera, NokhwaError};

struct Recording<N> {
    info: CameraInfo,
    next: N,
}

/// Makes a camera whose frames come from a function.
pub fn camera_of(next: impl FnMut() -> Result<Buffer, NokhwaError> + 'static) -> Camera {
    let index = CameraIndex::Index(0);
    let info = CameraInfo::new("recording", "", "", index.clone());
    Camera::with_custom(index, ApiBackend::Auto, Box::new(Recording { info, next }))
}

/// What a driver says when its camera is unplugged.
pub fn gone() -> NokhwaError {
    NokhwaError::ReadFrameError("No such device".to_owned())
}

fn unsupported<T>() -> Result<T, NokhwaError> {
    Err(NokhwaError::UnsupportedOperationError(ApiBackend::Auto))
}

impl<N: FnMut() -> Result<Buffer, NokhwaError>> CaptureBackendTrait for Recording<N> {
    fn backend(&self) -> ApiBackend {
        ApiBackend::Auto
    }
    fn camera_info(&self) -> &CameraInfo {
        &self.info
    }
    fn refresh_camera_format(&mut self) -> Result<(), NokhwaError> {
        Ok(())
    }
    fn camera_format(&self) -> CameraFormat {
        CameraFormat::default()
    }
    fn set_camera_format(&mut self, _: CameraFormat) -> Result<(), NokhwaError> {
        unsupported()
    }
    fn compatible_list_by_resolution(
        &mut self,
        _: FrameFormat,
    ) -> Result<HashMap<Resolution, Vec<u32>>, NokhwaError> {
        unsupported()
    }
    fn compatible_fourcc(&mut self) -> Result<Vec<FrameFormat>, NokhwaError> {
        unsupported()
    }
    fn resolution(&self) -> Resolution {
        Resolution::new(0, 0)
    }
    fn set_resolution(&mut self, _: Resolution) -> Result<(), NokhwaError> {
        unsupported()
    }
    fn frame_rate(&self) -> u32 {
        30
    }
    fn set_frame_rate(&mut self, _: u32) -> Result<(), NokhwaError> {
        unsupported()
    }
    fn frame_format(&self) -> FrameFormat {
        FrameFormat::GRAY
    }
    fn set_frame_format(&mut self, _: FrameFormat) -> Result<(), NokhwaError> {
        unsupported()
    }
    fn camera_control(&self, _: KnownCameraControl) -> Result<CameraControl, NokhwaError> {
        unsupported()
    }
    fn camera_controls(&self) -> Result<Vec<CameraControl>, NokhwaError> {
        unsupported()
    }
    fn set_camera_control(
        &mut self,
        _: KnownCameraControl,
        _: ControlValueSetter,
    ) -> Result<(), NokhwaError> {
        unsupported()
    }
    fn open_stream(&mut self) -> Result<(), NokhwaError> {
        Ok(())
    }
    fn is_stream_open(&self) -> bool {
        true
    }
    fn frame(&mut self) -> Result<Buffer, NokhwaError> {
        (self.next)()
    }
    fn frame_raw(&mut self) -> Result<Cow<'_, [u8]>, NokhwaError> {
        unsupported()
    }
    fn stop_stream(&mut self) -> Result<(), NokhwaError> {
        Ok(())
    }
}
