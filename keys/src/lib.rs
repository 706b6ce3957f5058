//! Keys, trust bundles and device certificates of one event; clocks and randomness are passed in.
//!
//! The only IO is that of key files and private folders, behind the feature `files`: without it the crate compiles for
//! browsers.
//!
//! Begin with [`bundle`], which says whom an event trusts, and with [`certificate`] for what a device may do.

pub mod bundle;
pub mod certificate;
pub mod codec;
pub mod enrolment;
pub mod expiry;
#[cfg(feature = "files")]
pub mod file;
pub mod ident;
pub mod jwks;
pub mod key;
#[cfg(feature = "files")]
pub mod pem;
#[cfg(feature = "files")]
pub mod private;
pub mod request;

pub use bundle::{
    BundleError, ExtendError, KeyStatus, Purpose, RootSet, SignedBundle, TrustBundle, TrustedKey,
};
pub use certificate::{Capabilities, Certificate, CertificateError, DeviceIdentity, Role, SignedCertificate};
pub use enrolment::{
    EnrolmentAsked, EnrolmentCode, EnrolmentError, EnrolmentGrant, EnrolmentId, EnrolmentKey,
    EnrolmentRequest, EnrolmentSecret, SealedGrant,
};
pub use expiry::{WarningLevel, warning_at};
pub use ident::{EventId, Timestamp, Window};
pub use key::{Domain, KeyError, KeyId, PublicKey, SecretKey, Signature, Verifier};
pub use request::{KeyRequest, KeyRequestError};
