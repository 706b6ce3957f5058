//! Key files: keys as text, with the modes that keep private ones private.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{
    PRIVATE_LABEL, PemError, RNG_BYTES, pem_text, public_from_pem, public_to_pem, secret_from_pem,
    secret_to_pem,
};
use crate::file::{self, FileError, PRIVATE_MODE, PUBLIC_MODE, replace_file};
use crate::key::{PublicKey, SecretKey};

/// Largest key file, in bytes: an Ed25519 key takes 120, an encrypted one 400.
pub const MAX_KEY_FILE_BYTES: u64 = 16 * 1024;

/// Why a key file was not read or written.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file cannot be read or written, is there already, or is open to others.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file's content is no key we can use.
    #[error("cannot use the key file {}", path.display())]
    Content {
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        reason: PemError,
    },
}

impl KeyFileError {
    /// Tells whether nothing was written because another file of that name is there already.
    pub fn is_in_the_way(&self) -> bool {
        matches!(self, Self::File(error) if error.is_in_the_way())
    }

    /// Tells whether a passphrase would help.
    pub fn needs_passphrase(&self) -> bool {
        matches!(
            self,
            Self::Content {
                reason: PemError::NeedsPassphrase,
                ..
            }
        )
    }
}

/// Writes a private key file, mode 0600; a file that holds the same key in the same way is left as it is.
///
/// # Errors
///
/// [`FileError::Exists`] when there is any other file, and the rest of [`KeyFileError`].
pub fn write_secret(
    path: &Path,
    key: &SecretKey,
    passphrase: Option<&str>,
    rng_bytes: &[u8; RNG_BYTES],
) -> Result<(), KeyFileError> {
    let text = secret_to_pem(key, passphrase, rng_bytes).map_err(|reason| content(path, reason))?;
    match file::create_file(path, text.as_bytes(), PRIVATE_MODE) {
        Err(FileError::Exists { .. }) if holds(path, key, passphrase) => Ok(()),
        written => Ok(written?),
    }
}

/// Writes a private key file, mode 0600, in place of whatever file was there.
///
/// # Errors
///
/// [`KeyFileError`].
pub fn replace_secret(
    path: &Path,
    key: &SecretKey,
    passphrase: Option<&str>,
    rng_bytes: &[u8; RNG_BYTES],
) -> Result<(), KeyFileError> {
    let text = secret_to_pem(key, passphrase, rng_bytes).map_err(|reason| content(path, reason))?;
    Ok(replace_file(path, text.as_bytes(), PRIVATE_MODE)?)
}

/// Reads a private key file that nobody but its owner may read.
///
/// # Errors
///
/// [`KeyFileError`]; see [`KeyFileError::needs_passphrase`].
pub fn read_secret(path: &Path, passphrase: Option<&str>) -> Result<SecretKey, KeyFileError> {
    let bytes = file::read_private_file::<MAX_KEY_FILE_BYTES>(path)?;
    pem_text(&bytes, PRIVATE_LABEL)
        .and_then(|text| secret_from_pem(text, passphrase))
        .map_err(|reason| content(path, reason))
}

/// Writes a public key file, mode 0644, in place of whatever file was there.
///
/// # Errors
///
/// [`KeyFileError`].
pub fn write_public(path: &Path, key: &PublicKey) -> Result<(), KeyFileError> {
    Ok(replace_file(path, public_to_pem(key).as_bytes(), PUBLIC_MODE)?)
}

/// Reads a public key file.
///
/// # Errors
///
/// [`KeyFileError`].
pub fn read_public(path: &Path) -> Result<PublicKey, KeyFileError> {
    let bytes = file::read_file::<MAX_KEY_FILE_BYTES>(path)?;
    pem_text(&bytes, "PUBLIC KEY")
        .and_then(public_from_pem)
        .map_err(|reason| content(path, reason))
}

fn holds(path: &Path, key: &SecretKey, passphrase: Option<&str>) -> bool {
    // Asked for without a passphrase first: a file that then opens is not encrypted.
    let is_plain = read_secret(path, None).is_ok();
    let same = read_secret(path, passphrase).is_ok_and(|held| held.public() == key.public());
    same && is_plain == passphrase.is_none()
}

fn content(path: &Path, reason: PemError) -> KeyFileError {
    KeyFileError::Content {
        path: path.to_owned(),
        reason,
    }
}
