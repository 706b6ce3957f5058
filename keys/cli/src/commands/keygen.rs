//! `new-root` and `new-key`: a fresh key in a private file, its public half on standard output.

use std::path::PathBuf;

use clap::Args;
use usher_keys::SecretKey;
use usher_keys::pem;
use usher_words::keys::KeysNote;

use super::{effects, output};

/// The arguments of `new-root` and `new-key`.
#[derive(Debug, Args)]
pub struct NewKeyArgs {
    /// File to write, mode 0600: PKCS#8 PEM, as OpenSSL reads it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Encrypt the file under a passphrase.
    #[arg(long)]
    passphrase: bool,
    /// Replace a file that is there already: the key in it is lost.
    #[arg(long)]
    force: bool,
}

/// Makes a root key.
pub fn new_root(args: &NewKeyArgs) -> anyhow::Result<()> {
    new_key(args)?;
    if !args.passphrase {
        output::note(&KeysNote::RootInTheClear);
    }
    output::note(&KeysNote::RootMade);
    Ok(())
}

/// Makes any key.
pub fn new_key(args: &NewKeyArgs) -> anyhow::Result<()> {
    let passphrase = match args.passphrase {
        true => Some(effects::new_passphrase()?),
        false => None,
    };
    let passphrase = passphrase.as_deref().map(String::as_str);
    let key = SecretKey::from_seed(&*effects::random()?);
    let rng_bytes = effects::random()?;
    let write = match args.force {
        true => pem::replace_secret,
        false => pem::write_secret,
    };
    match write(&args.out, &key, passphrase, &rng_bytes) {
        Err(error) if error.is_in_the_way() => return Err(output::in_the_way(&args.out)),
        written => written?,
    }
    output::print(&format!("{}\n", key.public()))
}
