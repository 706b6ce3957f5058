//! `verify`: a plain Ed25519 signature over bare bytes, so that anyone can run published vectors against our strictness.

use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE;
use usher_keys::{PublicKey, Signature};
use usher_words::keys::{self as words, InvalidSignature, KeysRefusal};

use super::{Outcome, output};

/// The arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Public key, 32 bytes.
    #[arg(long, value_name = "HEX", value_parser = bytes)]
    public_key: Bytes,
    /// Message, may be empty.
    #[arg(long, value_name = "HEX", value_parser = bytes)]
    message: Bytes,
    /// Signature, 64 bytes.
    #[arg(long, value_name = "HEX", value_parser = bytes)]
    signature: Bytes,
}

/// Bytes given in hexadecimal, of whatever length: published vectors contain wrong ones on purpose.
#[derive(Debug, Clone)]
struct Bytes(Vec<u8>);

fn bytes(text: &str) -> Result<Bytes, String> {
    HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map(Bytes)
        .map_err(|_| words::refusal(&KeysRefusal::NotHexadecimal))
}

/// Verifies and says how it came out.
pub fn verify(args: &VerifyArgs) -> anyhow::Result<Outcome> {
    let checked = check(args);
    output::print(&format!("{}\n", words::signature(&checked)))?;
    Ok(match checked {
        Ok(()) => Outcome::Done,
        Err(_) => Outcome::NotValid,
    })
}

fn check(args: &VerifyArgs) -> Result<(), InvalidSignature> {
    let key = args.public_key.0.as_slice();
    let key = key
        .try_into()
        .map_err(|_| InvalidSignature::KeyLength(key.len()))?;
    let signature = args.signature.0.as_slice();
    let signature = signature
        .try_into()
        .map_err(|_| InvalidSignature::SignatureLength(signature.len()))?;
    let verified = PublicKey(key)
        .verifier()
        .and_then(|verifier| verifier.verify_plain(&args.message.0, &Signature(signature)));
    verified.map_err(InvalidSignature::Key)
}
