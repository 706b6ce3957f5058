//! `bundle`, `rotate`, `extend`, `strike`, `cosign` and `jwks`: what the offline roots sign, and what follows for the world.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::de::DeserializeOwned;
use usher_keys::file;
use usher_keys::{
    KeyRequest, KeyStatus, PublicKey, RootSet, SecretKey, SignedBundle, Timestamp, TrustBundle,
};
use usher_words::keys::{self as words, KeysNote, KeysRefusal};

use super::{BundleArgs, CosignArgs, CurrentArgs, ExtendArgs, OutArgs, RequestArgs, RotateArgs, StrikeArgs};
use super::{MAX_JSON_BYTES, UnusableArguments, effects, neighbours, output};

/// Makes and signs an event's first bundle.
pub fn first(args: &BundleArgs) -> anyhow::Result<()> {
    let request = request(&args.request)?;
    request.check()?;
    let count = args.root.len() + args.root_public.len();
    let threshold = match args.threshold {
        Some(threshold) => threshold,
        None if count == 1 => 1,
        None => {
            let why = words::refusal(&KeysRefusal::NoThreshold);
            return Err(UnusableArguments(why).into());
        }
    };
    let secrets = read_roots(&args.root)?;
    let mut keys = publics(&secrets);
    keys.extend(&args.root_public);
    let roots = RootSet { threshold, keys };
    let bundle = request.first_bundle(roots);
    neighbours::check(&bundle, &args.out.out)?;
    sign_and_write(&bundle, &secrets, &args.out)
}

/// Signs the next bundle with the keys of a request.
pub fn rotate(args: &RotateArgs) -> anyhow::Result<()> {
    let request = request(&args.request)?;
    let (current, secrets) = current(&args.current)?;
    request.check_after(&current)?;
    let next = request.next_bundle(&current, effects::now()?);
    neighbours::check(&next, &args.out.out)?;
    sign_and_write(&next, &secrets, &args.out)
}

/// Signs the next bundle with keys that are believed for longer.
pub fn extend(args: &ExtendArgs) -> anyhow::Result<()> {
    let (current, secrets) = current(&args.current)?;
    let next = current.extend(&args.key, args.until).with_context(|| {
        let bundle = &args.current.bundle;
        words::refusal(&KeysRefusal::NothingToExtend { bundle })
    })?;
    sign_and_write(&next, &secrets, &args.out)
}

/// Signs the next bundle with a key struck out, and with those of a request, if there is one.
pub fn strike(args: &StrikeArgs) -> anyhow::Result<()> {
    let (current, secrets) = current(&args.current)?;
    let Some(next) = current.strike(args.key, effects::now()?) else {
        let (key, bundle) = (args.key, args.current.bundle.as_path());
        return Err(output::refused(&KeysRefusal::NothingToStrike { key, bundle }));
    };
    let next = match &args.request {
        Some(path) => with_request(&next, &read_json(path)?)?,
        None => next,
    };
    neighbours::check(&next, &args.out.out)?;
    sign_and_write(&next, &secrets, &args.out)?;
    let is_authority = next
        .authority_keys
        .iter()
        .any(|trusted| trusted.key.id() == args.key);
    if is_authority
        && !next
            .authority_keys
            .iter()
            .any(|trusted| trusted.status == KeyStatus::Active)
    {
        output::note(&KeysNote::NoAuthority);
    }
    Ok(())
}

/// Adds the keys of a request to a bundle that is not signed yet, as one step with what was changed in it.
fn with_request(struck: &TrustBundle, request: &KeyRequest) -> anyhow::Result<TrustBundle> {
    request.check_after(struck)?;
    Ok(TrustBundle {
        version: struck.version,
        ..request.next_bundle(struck, effects::now()?)
    })
}

/// Adds a root's signature to a bundle and shows what it now vouches for.
pub fn cosign(args: &CosignArgs) -> anyhow::Result<()> {
    let mut signed: SignedBundle = read_json(&args.bundle)?;
    let bundle = signed.unverified()?;
    bundle.check()?;
    let root = effects::read_secret(&args.root)?;
    require_roots(&bundle, &[root.public()])?;
    signed.cosign(&root);
    let bytes = to_json(&signed)?;
    match &args.out {
        None => file::replace_file(&args.bundle, &bytes, file::PUBLIC_MODE)?,
        Some(out) => {
            let (out, force) = (out.clone(), args.force);
            output::write(&OutArgs { out, force }, &bytes)?;
        }
    }
    output::print(&words::bundle(&signed)?)
}

/// Prints a bundle's public keys.
pub fn jwks(path: &Path) -> anyhow::Result<()> {
    let bundle = read_json::<SignedBundle>(path)?.unverified()?;
    bundle.check()?;
    let text = serde_json::to_string_pretty(&usher_keys::jwks::jwks(&bundle))?;
    output::print(&format!("{text}\n"))
}

/// Reads a JSON file of the kind asked for.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let bytes = file::read_file::<MAX_JSON_BYTES>(path)?;
    serde_json::from_slice(&bytes).with_context(|| words::refusal(&KeysRefusal::Unusable(path)))
}

fn request(args: &RequestArgs) -> anyhow::Result<KeyRequest> {
    if let Some(path) = &args.request {
        return read_json(path);
    }
    spelled_out(args).ok_or_else(|| {
        let why = words::refusal(&KeysRefusal::NoRequest);
        UnusableArguments(why).into()
    })
}

fn spelled_out(args: &RequestArgs) -> Option<KeyRequest> {
    Some(KeyRequest {
        event: args.event?,
        ticket_key: args.ticket_key?,
        authority_key: args.authority_key?,
        issuing_key: args.issuing_key?,
        not_before: Timestamp(args.not_before?),
        not_after: Timestamp(args.not_after?),
    })
}

/// Reads the bundle to go on from, and makes sure that it is the roots' own and not one slipped in.
fn current(args: &CurrentArgs) -> anyhow::Result<(TrustBundle, Vec<SecretKey>)> {
    let signed: SignedBundle = read_json(&args.bundle)?;
    let named = signed.unverified()?.roots;
    let bundle = signed
        .verify(&named)
        .with_context(|| words::refusal(&KeysRefusal::NoWayOn(&args.bundle)))?;
    let secrets = read_roots(&args.root)?;
    let keys = publics(&secrets);
    require_roots(&bundle, &keys)?;
    let signed_by_us = signed.verify(&RootSet { threshold: 1, keys });
    match signed_by_us {
        Ok(_) => Ok((bundle, secrets)),
        Err(_) => {
            let bundle = args.bundle.as_path();
            Err(output::refused(&KeysRefusal::NotOurs { bundle }))
        }
    }
}

fn require_roots(bundle: &TrustBundle, keys: &[PublicKey]) -> anyhow::Result<()> {
    match keys.iter().find(|key| !bundle.roots.keys.contains(key)) {
        Some(key) => Err(output::refused(&KeysRefusal::StrangeRoot(key.id()))),
        None => Ok(()),
    }
}

fn read_roots(paths: &[PathBuf]) -> anyhow::Result<Vec<SecretKey>> {
    paths.iter().map(|path| effects::read_secret(path)).collect()
}

fn publics(secrets: &[SecretKey]) -> Vec<PublicKey> {
    secrets.iter().map(SecretKey::public).collect()
}

fn sign_and_write(bundle: &TrustBundle, secrets: &[SecretKey], out: &OutArgs) -> anyhow::Result<()> {
    bundle.check()?;
    let signed = bundle.sign(&secrets.iter().collect::<Vec<_>>());
    output::write(out, &to_json(&signed)?)?;
    let file = out.out.as_path();
    output::note(&KeysNote::Written { file, bundle });
    if let Err(missing) = signed.verify(&bundle.roots) {
        output::note(&KeysNote::SignaturesMissing(&missing));
    }
    Ok(())
}

fn to_json(signed: &SignedBundle) -> anyhow::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(signed)?;
    bytes.push(b'\n');
    Ok(bytes)
}
