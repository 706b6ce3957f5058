//! Where the one event of a device's folder lies, for tests that look at its files.

use std::path::Path;

use usher_device::clock::Clock;
use usher_device::directory::DataDirectory;
use usher_device::folder::Folder;

/// Returns the data directory of the only event in a folder.
///
/// # Errors
///
/// When there is none, or several.
pub fn event_in(folder: &Path) -> anyhow::Result<DataDirectory> {
    let folder = Folder::at(folder);
    let enrolled = folder.contents()?.pick(None, &folder, Clock::system().now())?;
    Ok(enrolled.directory)
}
