//! How devices and the scans on their way are named.

/// A device by its place: the cloud, then hubs, then scanners.
pub(super) type DeviceId = usize;

/// Names a scan on its way at a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub device: DeviceId,
    pub number: u64,
}
