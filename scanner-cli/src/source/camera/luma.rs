//! The grey picture inside a camera frame, taken as directly as its encoding allows; leaves out which colour makes it.

use nokhwa::Buffer;
use nokhwa::utils::FrameFormat;
use thiserror::Error;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::source::greys;
use usher_eyes::{LumaFrame, LumaFrameError};

/// What is wrong with one frame of a camera.
#[derive(Debug, Error)]
pub enum SpoiledFrame {
    /// Fewer bytes than its size needs.
    #[error("a frame has {actual_bytes} bytes where {expected_bytes} belong")]
    Short {
        /// What the size and encoding need.
        expected_bytes: usize,
        actual_bytes: usize,
    },
    /// The compressed picture is damaged.
    #[error("a compressed frame cannot be unpacked")]
    Packed(#[source] DecodeErrors),
    /// The size is out of bounds.
    #[error(transparent)]
    Size(#[from] LumaFrameError),
}

/// Takes the grey picture out of a frame. Drivers may pad a frame at its end, never at the end of a row.
pub(super) fn of(buffer: &Buffer) -> Result<LumaFrame, SpoiledFrame> {
    let size = (buffer.resolution().width(), buffer.resolution().height());
    LumaFrame::check_size(size.0, size.1)?;
    let pixels = size.0 as usize * size.1 as usize;
    let luma = match buffer.source_frame_format() {
        FrameFormat::GRAY => cut(buffer.buffer(), pixels)?.to_vec(),
        FrameFormat::NV12 => {
            let sides = (size.0 as usize, size.1 as usize);
            greys::of_nv12(cut(buffer.buffer(), pixels + pixels / 2)?, sides)
        }
        FrameFormat::YUYV => greys::of_yuyv(cut(buffer.buffer(), pixels * 2)?),
        FrameFormat::RAWRGB => greys::of_colours(cut(buffer.buffer(), pixels * 3)?),
        FrameFormat::RAWBGR => greys::of_colours(&turned_round(cut(buffer.buffer(), pixels * 3)?)),
        FrameFormat::MJPEG => return unpacked(buffer.buffer()),
    };
    Ok(LumaFrame::new(size.0, size.1, luma)?)
}

fn cut(bytes: &[u8], expected_bytes: usize) -> Result<&[u8], SpoiledFrame> {
    bytes.get(..expected_bytes).ok_or(SpoiledFrame::Short {
        expected_bytes,
        actual_bytes: bytes.len(),
    })
}

/// Blue, green, red as red, green, blue.
fn turned_round(bytes: &[u8]) -> Vec<u8> {
    let pixels = bytes.chunks_exact(3);
    pixels.flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect()
}

/// Unpacks the brightness of a JPEG alone: it is stored apart from the colours, which are left packed, since unpacking
/// them too takes twice as long.
fn unpacked(jpeg: &[u8]) -> Result<LumaFrame, SpoiledFrame> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(jpeg), options);
    decoder.decode_headers().map_err(SpoiledFrame::Packed)?;
    let (width, height) = decoder.info().map_or((0, 0), |info| (info.width, info.height));
    LumaFrame::check_size(width.into(), height.into())?;
    let luma = decoder.decode().map_err(SpoiledFrame::Packed)?;
    Ok(LumaFrame::new(width.into(), height.into(), luma)?)
}
