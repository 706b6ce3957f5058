//! The master key, under which the secret keys of events lie in the store: where it comes from, and sealing with it.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::HEXLOWER_PERMISSIVE;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Deserialize;
use thiserror::Error;
use usher_keys::private;
use zeroize::Zeroizing;

use crate::ids::draw;

/// The file in the data directory that holds it unless the settings name another source.
const FILE: &str = "master.key";
/// What the mode of a file lets its group and all others do.
const OTHERS: u32 = 0o077;
/// Bytes of a key.
const KEY_BYTES: usize = 32;
/// Bytes of a key's name, which what is sealed begins with.
const NAME_BYTES: usize = 4;

/// Settings of the master key; at most one source is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MasterKeySettings {
    /// The key itself, for the environment.
    pub master_key: MasterKeyText,
    /// The file it is in.
    pub master_key_file: Option<PathBuf>,
    /// A program and its arguments that print it.
    pub master_key_command: Vec<String>,
}

/// A master key as it is written; not shown when it is debugged.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
pub struct MasterKeyText(String);

impl fmt::Debug for MasterKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "[hidden]" })
    }
}

/// Why there is no master key.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// The settings name several sources.
    #[error("name one of keys.master_key, keys.master_key_file and keys.master_key_command, not several")]
    Several,
    /// The file cannot be read or made.
    #[error("the master key's file {} cannot be read or made", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others can open the file.
    #[error("the master key's file {} is open to others; run: chmod 600 {}", .0.display(), .0.display())]
    Open(PathBuf),
    /// The program could not be run.
    #[error("the program {program} of keys.master_key_command cannot be run")]
    Command {
        /// The program.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The program failed.
    #[error("the program {program} of keys.master_key_command printed no master key: it ended with {status}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: std::process::ExitStatus,
    },
    /// It is no key.
    #[error(
        "a master key is 64 hexadecimal digits, one key a line, the newest first (openssl rand -hex 32 makes one)"
    )]
    NotHex,
}

/// What is sealed cannot be opened: it was sealed with another master key, or altered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it was sealed with another master key, or altered")]
pub struct CannotOpen;

/// The master key; the newest seals, older ones still open.
#[derive(Clone)]
pub struct MasterKey {
    /// Newest first; never empty.
    keys: Vec<([u8; NAME_BYTES], LessSafeKey)>,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey")
    }
}

impl MasterKey {
    /// Takes it from where the settings say; without any, from a file in the data directory that is made the first time.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError`].
    pub fn load(settings: &MasterKeySettings, data_dir: &Path) -> Result<Self, MasterKeyError> {
        let MasterKeySettings {
            master_key,
            master_key_file,
            master_key_command,
        } = settings;
        match (
            master_key.0.as_str(),
            master_key_file,
            master_key_command.as_slice(),
        ) {
            ("", None, []) => Self::of_data_dir(data_dir),
            (text, None, []) => Self::parse(text),
            ("", Some(file), []) => Self::read(file),
            ("", None, [program, arguments @ ..]) => Self::printed(program, arguments),
            _ => Err(MasterKeyError::Several),
        }
    }

    /// Tells whether [`MasterKey::load`] would make a new key, because the settings name none and the data directory has none yet.
    pub fn is_to_be_made(settings: &MasterKeySettings, data_dir: &Path) -> bool {
        *settings == MasterKeySettings::default() && !data_dir.join(FILE).exists()
    }

    fn of_data_dir(data_dir: &Path) -> Result<Self, MasterKeyError> {
        let path = data_dir.join(FILE);
        if path.exists() {
            return Self::read(&path);
        }
        let text = Zeroizing::new(HEXLOWER_PERMISSIVE.encode(&draw::<KEY_BYTES>()));
        // What is sealed with it must never outlive it: durable under its name before anybody has it.
        let new = data_dir.join("master.key.new");
        let made = private::open_file(&new).and_then(|mut file| {
            file.set_len(0)?;
            writeln!(file, "{}", *text)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            fs::File::open(data_dir)?.sync_all()
        });
        made.map_err(|source| MasterKeyError::File { path, source })?;
        Self::parse(&text)
    }

    fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let failed = |source| MasterKeyError::File {
            path: path.to_owned(),
            source,
        };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(MasterKeyError::Open(path.to_owned()));
        }
        Self::parse(&Zeroizing::new(fs::read_to_string(path).map_err(failed)?))
    }

    fn printed(program: &str, arguments: &[String]) -> Result<Self, MasterKeyError> {
        let program = program.to_owned();
        let output = match Command::new(&program).args(arguments).output() {
            Ok(output) => output,
            Err(source) => return Err(MasterKeyError::Command { program, source }),
        };
        let text = Zeroizing::new(String::from_utf8_lossy(&output.stdout).into_owned());
        if !output.status.success() {
            return Err(MasterKeyError::Failed {
                program,
                status: output.status,
            });
        }
        Self::parse(&text)
    }

    /// Reads the text of a master key.
    ///
    /// # Errors
    ///
    /// [`MasterKeyError::NotHex`].
    pub fn parse(text: &str) -> Result<Self, MasterKeyError> {
        let keys: Vec<_> = text
            .split_whitespace()
            .map(|line| {
                let bytes = HEXLOWER_PERMISSIVE.decode(line.as_bytes()).map(Zeroizing::new);
                let bytes = bytes.map_err(|_| MasterKeyError::NotHex)?;
                let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| MasterKeyError::NotHex)?;
                let hash = blake3::derive_key("usher 2026 name of a master key", &bytes);
                let name = *hash.first_chunk().expect("a hash is longer");
                Ok::<_, MasterKeyError>((name, LessSafeKey::new(key)))
            })
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(MasterKeyError::NotHex);
        }
        Ok(Self { keys })
    }

    /// Seals a secret, so that it opens only in the same context.
    ///
    /// **Shape**: 4 bytes that name the master key, 12 of the nonce, then AES-256-GCM's output with its tag.
    pub fn seal(&self, secret: &[u8], context: &[u8]) -> Vec<u8> {
        let (name, key) = self.keys.first().expect("there is a key");
        let nonce: [u8; NONCE_LEN] = draw();
        let mut text = secret.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut text)
            .expect("a secret is short");
        [name.as_slice(), &nonce, &text].concat()
    }

    /// Opens what was sealed in this context.
    ///
    /// # Errors
    ///
    /// [`CannotOpen`].
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let (name, rest) = sealed.split_first_chunk::<NAME_BYTES>().ok_or(CannotOpen)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(CannotOpen)?;
        let (_, key) = self
            .keys
            .iter()
            .find(|(known, _)| known == name)
            .ok_or(CannotOpen)?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key
            .open_in_place(nonce, Aad::from(context), &mut text)
            .map_err(|_| CannotOpen)?
            .len();
        text.truncate(opened);
        Ok(text)
    }

    /// Tells whether the newest key sealed it.
    pub fn is_newest_of(&self, sealed: &[u8]) -> bool {
        self.keys
            .first()
            .is_some_and(|(name, _)| sealed.starts_with(name))
    }
}

#[cfg(test)]
mod tests;
