//! `verify`: a plain Ed25519 signature over bare bytes, so that anyone can run published vectors against our strictness.

use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE;
use usher_keys::{KeyError, PublicKey, Signature};

use super::{Outcome, output};

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Public key, 32 bytes
    #[arg(long, value_name = "HEX", value_parser = bytes)]
    public_key: Bytes,
    /// Message, may be empty
    #[arg(long, value_name = "HEX", value_parser = bytes)]
    message: Bytes,
    /// Signature, 64 bytes
    #[arg(long, value_name = "HEX", value_parser = bytes)]
    signature: Bytes,
}

/// Bytes given in hexadecimal, of whatever length: published vectors contain wrong ones on purpose.
#[derive(Debug, Clone)]
struct Bytes(Vec<u8>);

fn bytes(text: &str) -> Result<Bytes, &'static str> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map(Bytes)
        .map_err(|_| "expected bytes in hexadecimal: an even number of the digits 0-9 and a-f")
}

/// Why a signature is not valid.
#[derive(Debug, thiserror::Error)]
enum NotValid {
    #[error("the public key has {0} bytes instead of 32")]
    KeyLength(usize),
    #[error("the signature has {0} bytes instead of 64")]
    SignatureLength(usize),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Verifies and says how it came out.
pub fn verify(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    match check(args) {
        Ok(()) => {
            output::print("valid\n")?;
            Ok(Outcome::Done)
        }
        Err(reason) => {
            output::print(&format!("not valid: {reason}\n"))?;
            Ok(Outcome::NotValid)
        }
    }
}

fn check(args: &VerifyArgs) -> Result<(), NotValid> {
    let key = args.public_key.0.as_slice();
    let key = key.try_into().map_err(|_| NotValid::KeyLength(key.len()))?;
    let signature = args.signature.0.as_slice();
    let signature = signature
        .try_into()
        .map_err(|_| NotValid::SignatureLength(signature.len()))?;
    let verifier = PublicKey(key).verifier()?;
    Ok(verifier.verify_plain(&args.message.0, &Signature(signature))?)
}
