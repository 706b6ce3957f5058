//! Where a store is, in the words of the settings: the URL of a SQLite file or of a PostgreSQL database.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;
use tokio_postgres::config::Config as PostgresConfig;

/// Where Debian and Ubuntu keep the certificates that the machine trusts.
const MACHINE_CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";
/// The file in the data directory that is the store unless a URL says otherwise.
const STORE_FILE: &str = "usher-cloud.db";
/// Longest name of a cell, in characters: it stands in settings, logs and one row for each event.
const MAX_NAME: usize = 32;

/// Settings of the store.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Where it is.
    pub url: StoreUrl,
    /// The certificates, in PEM, of which one must vouch for a PostgreSQL server.
    pub ca_file: PathBuf,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            url: StoreUrl::DataDir,
            ca_file: MACHINE_CERTIFICATES.into(),
        }
    }
}

impl StoreSettings {
    /// Says where the store of a server with that data directory is.
    pub fn location(&self, data_dir: &Path) -> StoreLocation {
        self.location_of(&self.url, data_dir)
    }

    /// Says where the database of a URL is, with the certificates of these settings.
    pub fn location_of(&self, url: &StoreUrl, data_dir: &Path) -> StoreLocation {
        match url {
            StoreUrl::DataDir => StoreLocation::File(data_dir.join(STORE_FILE)),
            StoreUrl::Sqlite(file) => StoreLocation::File(file.clone()),
            StoreUrl::Postgres(config) => StoreLocation::Servers {
                config: config.clone(),
                ca_file: self.ca_file.clone(),
            },
        }
    }
}

/// Where a store is. What it shows has no password in it.
#[derive(Debug, Clone)]
pub enum StoreLocation {
    /// In a SQLite file.
    File(PathBuf),
    /// On PostgreSQL servers.
    Servers {
        /// Their address.
        config: Box<PostgresConfig>,
        /// The certificates, in PEM, of which one must vouch for them.
        ca_file: PathBuf,
    },
}

impl fmt::Display for StoreLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Servers { config, .. } => {
                let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
                write!(f, "the PostgreSQL database {database}")
            }
        }
    }
}

/// Where the databases of a store with cells are.
#[derive(Debug, Clone)]
pub struct StorePlaces {
    /// The home cell.
    pub home: StoreLocation,
    /// The other cells.
    pub cells: BTreeMap<CellName, StoreLocation>,
}

impl StorePlaces {
    /// Returns all of them with their names, home first.
    pub fn all(&self) -> impl Iterator<Item = (Option<&CellName>, &StoreLocation)> {
        let cells = self.cells.iter().map(|(name, location)| (Some(name), location));
        std::iter::once((None, &self.home)).chain(cells)
    }
}

/// The name of a cell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct CellName(String);

/// A text that is no name of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the name of a cell has 1 to {MAX_NAME} characters, each of a-z, 0-9 or -")]
pub struct InvalidCellName;

impl CellName {
    /// Returns it as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CellName {
    type Error = InvalidCellName;

    fn try_from(text: String) -> Result<Self, InvalidCellName> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_plain) {
            Ok(Self(text))
        } else {
            Err(InvalidCellName)
        }
    }
}

impl FromStr for CellName {
    type Err = InvalidCellName;

    fn from_str(text: &str) -> Result<Self, InvalidCellName> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for CellName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The URL of a store. What it shows when it is debugged has no password in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum StoreUrl {
    /// A SQLite file in the data directory.
    DataDir,
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL database, on one or several servers.
    Postgres(Box<PostgresConfig>),
}

/// Why a text is no URL of a store. It does not repeat the text, which may hold a password.
#[derive(Debug, Clone, Error)]
pub enum StoreUrlError {
    /// It begins with neither.
    #[error(
        "store.url must be empty, sqlite:FILE, or postgres://USER@HOST[,HOST…]/DATABASE?target_session_attrs=read-write"
    )]
    Scheme,
    /// PostgreSQL's part cannot be read.
    #[error("store.url is no address of a PostgreSQL database: {0}")]
    Postgres(String),
}

impl TryFrom<String> for StoreUrl {
    type Error = StoreUrlError;

    fn try_from(text: String) -> Result<Self, StoreUrlError> {
        if text.is_empty() {
            return Ok(Self::DataDir);
        }
        if let Some(file) = text.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
            return Ok(Self::Sqlite(file.into()));
        }
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme))
        {
            return Err(StoreUrlError::Scheme);
        }
        let config: PostgresConfig = text
            .parse()
            .map_err(|error: tokio_postgres::Error| StoreUrlError::Postgres(cause(&error)))?;
        if config.get_hosts().is_empty() || config.get_user().is_none() {
            return Err(StoreUrlError::Scheme);
        }
        Ok(Self::Postgres(Box::new(config)))
    }
}

/// Returns what the parser says is wrong: the name of an option, or that something is missing.
fn cause(error: &dyn std::error::Error) -> String {
    error.source().unwrap_or(error).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_which_engine_and_where() {
        let url = |text: &str| StoreUrl::try_from(text.to_owned());
        assert_eq!(url("").unwrap(), StoreUrl::DataDir);
        assert_eq!(
            url("sqlite:/var/lib/u.db").unwrap(),
            StoreUrl::Sqlite("/var/lib/u.db".into())
        );
        let StoreUrl::Postgres(config) =
            url("postgres://owl:hoot@db1,db2:5433/usher?target_session_attrs=read-write").unwrap()
        else {
            panic!("no PostgreSQL")
        };
        assert_eq!(
            (config.get_hosts().len(), config.get_ports()),
            (2, &[5432, 5433][..])
        );
    }

    #[test]
    fn what_is_no_url_is_refused_without_repeating_it() {
        for (text, said) in [
            ("sqlite:", "sqlite:FILE"),
            ("mysql://owl:hoot@db/usher", "sqlite:FILE"),
            ("host=db user=owl password=hoot", "sqlite:FILE"),
            ("postgres://db/usher", "postgres://USER@HOST"),
            ("postgres://owl:hoot@db:port/usher", "no address"),
            ("postgres://owl:hoot@db/usher?colour=red", "colour"),
        ] {
            let error = StoreUrl::try_from(text.to_owned()).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("hoot"), "{text}: {error}");
        }
    }

    #[test]
    fn settings_that_are_shown_have_no_password_in_them() {
        let url = StoreUrl::try_from("postgres://owl:hoot@db/usher".to_owned()).unwrap();
        assert!(!format!("{url:?}").contains("hoot"));
    }
}
