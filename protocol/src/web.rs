//! How a page in a browser and its hub prove their keys to each other: no browser shows a device's key in TLS, so both sign the hash of the certificate that the page pinned.

use thiserror::Error;
use usher_keys::{Domain, EventId, KeyError, PublicKey, SecretKey, Signature, Timestamp};

/// Length of a frame of this greeting at most, in bytes.
///
/// **Source**: docs/PROTOCOL.md, "Pages".
pub const MAX_GREETING_BYTES: usize = 1_024;
/// Most certificates that a hub names: the one in use, the one before it, and those that come.
pub const MAX_CERTIFICATES: usize = 8;

/// The first two bytes of what a page says: a letter no other protocol of ours begins with, and this greeting's version.
const MAGIC: [u8; 2] = [b'W', 1];
/// What a hub's signature begins with, so that it is never taken for a page's.
const BY_HUB: u8 = 0x48;
/// What a page's signature begins with.
const BY_PAGE: u8 = 0x50;
const CALL_BYTES: usize = 2 + 16 + 32 + 32;
const CERTIFICATE_BYTES: usize = 32 + 8;
const SIGNATURE_BYTES: usize = 64;

/// The SHA-256 of a hub's certificate, by which a page knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateHash(pub [u8; 32]);

/// A certificate of a hub's, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedCertificate {
    pub hash: CertificateHash,
    pub until: Timestamp,
}

/// What a page says first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageCall {
    /// The event it wants to talk about.
    pub event: EventId,
    /// The page's device key.
    pub key: PublicKey,
    /// 32 random bytes, drawn anew each time.
    pub nonce: [u8; 32],
}

/// What the hub says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubWelcome {
    /// The hub's device key.
    pub key: PublicKey,
    /// 32 random bytes, drawn anew each time.
    pub nonce: [u8; 32],
    /// The certificates by which the hub is known, now and soon.
    pub certificates: Vec<NamedCertificate>,
    /// By the hub's key, over all of the above, what the page said, and the hash of the certificate in use.
    pub signature: Signature,
}

/// Why somebody is not who they say.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WebError {
    /// The bytes are not what is said here.
    #[error("the bytes are no greeting of a page")]
    Malformed,
    /// More certificates than a page is told of.
    #[error("a hub names at most {MAX_CERTIFICATES} certificates")]
    TooManyCertificates,
    /// The signature proves nothing: another key, or another certificate between the two.
    #[error("the key was not proven over this connection")]
    NotProven(#[from] KeyError),
}

impl PageCall {
    /// Writes it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&MAGIC[..], &self.event.0, &self.key.0, &self.nonce].concat()
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`WebError::Malformed`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WebError> {
        let mut rest = bytes;
        if bytes.len() != CALL_BYTES || take(&mut rest)? != MAGIC {
            return Err(WebError::Malformed);
        }
        Ok(Self {
            event: EventId(take(&mut rest)?),
            key: PublicKey(take(&mut rest)?),
            nonce: take(&mut rest)?,
        })
    }

    /// Proves the page's key to the hub that said this, once the hub has proven its own.
    #[must_use]
    pub fn prove(&self, key: &SecretKey, welcome: &HubWelcome, in_use: CertificateHash) -> Signature {
        key.sign(Domain::Web, &self.proven(welcome, in_use))
    }

    /// Checks that the page holds its key.
    ///
    /// # Errors
    ///
    /// [`WebError::Malformed`], [`WebError::NotProven`].
    pub fn check(&self, proof: &[u8], welcome: &HubWelcome, in_use: CertificateHash) -> Result<(), WebError> {
        let proof = Signature(proof.try_into().map_err(|_| WebError::Malformed)?);
        self.key
            .verify(Domain::Web, &self.proven(welcome, in_use), &proof)?;
        Ok(())
    }

    fn proven(&self, welcome: &HubWelcome, in_use: CertificateHash) -> Vec<u8> {
        let head = [BY_PAGE];
        let parts: [&[u8]; 6] = [
            &head,
            &welcome.nonce,
            &self.nonce,
            &in_use.0,
            &self.event.0,
            &welcome.key.0,
        ];
        parts.concat()
    }
}

impl HubWelcome {
    /// Answers a page.
    ///
    /// # Errors
    ///
    /// [`WebError::TooManyCertificates`].
    pub fn sign(
        key: &SecretKey,
        nonce: [u8; 32],
        certificates: Vec<NamedCertificate>,
        call: &PageCall,
        in_use: CertificateHash,
    ) -> Result<Self, WebError> {
        if certificates.len() > MAX_CERTIFICATES {
            return Err(WebError::TooManyCertificates);
        }
        let mut welcome = Self {
            key: key.public(),
            nonce,
            certificates,
            signature: Signature([0; SIGNATURE_BYTES]),
        };
        welcome.signature = key.sign(Domain::Web, &welcome.proven(call, in_use));
        Ok(welcome)
    }

    /// Checks that the hub holds its key and the certificate that was pinned; `pinned` are those that the browser was given, of which it
    /// does not say which one it met.
    ///
    /// # Errors
    ///
    /// [`WebError::NotProven`].
    pub fn check(&self, call: &PageCall, pinned: &[CertificateHash]) -> Result<CertificateHash, WebError> {
        let verifier = self.key.verifier()?;
        let proves = |in_use: &&CertificateHash| {
            let proven = self.proven(call, **in_use);
            verifier.verify(Domain::Web, &proven, &self.signature).is_ok()
        };
        let in_use = pinned.iter().take(MAX_CERTIFICATES).find(proves);
        Ok(*in_use.ok_or(KeyError::BadSignature)?)
    }

    /// Writes it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let parts: [&[u8]; 4] = [&self.key.0, &self.nonce, &self.listed(), &self.signature.0];
        parts.concat()
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// [`WebError::Malformed`], [`WebError::TooManyCertificates`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WebError> {
        let mut rest = bytes;
        let (key, nonce) = (PublicKey(take(&mut rest)?), take(&mut rest)?);
        let [count] = take(&mut rest)?;
        if usize::from(count) > MAX_CERTIFICATES {
            return Err(WebError::TooManyCertificates);
        }
        let certificates: Result<_, WebError> =
            (0..count).map(|_| NamedCertificate::take(&mut rest)).collect();
        let signature = Signature(take(&mut rest)?);
        if !rest.is_empty() {
            return Err(WebError::Malformed);
        }
        Ok(Self {
            key,
            nonce,
            certificates: certificates?,
            signature,
        })
    }

    fn listed(&self) -> Vec<u8> {
        let count = u8::try_from(self.certificates.len()).expect("there are no more than MAX_CERTIFICATES");
        let mut listed = Vec::with_capacity(1 + self.certificates.len() * CERTIFICATE_BYTES);
        listed.push(count);
        for named in &self.certificates {
            listed.extend(named.hash.0);
            listed.extend(named.until.0.to_le_bytes());
        }
        listed
    }

    fn proven(&self, call: &PageCall, in_use: CertificateHash) -> Vec<u8> {
        let (head, listed) = ([BY_HUB], self.listed());
        let parts: [&[u8]; 7] = [
            &head,
            &call.nonce,
            &self.nonce,
            &in_use.0,
            &call.event.0,
            &call.key.0,
            &listed,
        ];
        parts.concat()
    }
}

impl NamedCertificate {
    fn take(rest: &mut &[u8]) -> Result<Self, WebError> {
        Ok(Self {
            hash: CertificateHash(take(rest)?),
            until: Timestamp(u64::from_le_bytes(take(rest)?)),
        })
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], WebError> {
    let (taken, left) = rest.split_first_chunk().ok_or(WebError::Malformed)?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IN_USE: CertificateHash = CertificateHash([7; 32]);
    const OTHER: CertificateHash = CertificateHash([8; 32]);

    fn key(number: u8) -> SecretKey {
        SecretKey::from_seed(&[number; 32])
    }

    fn call() -> PageCall {
        PageCall {
            event: EventId([1; 16]),
            key: key(2).public(),
            nonce: [3; 32],
        }
    }

    fn welcome(call: &PageCall) -> HubWelcome {
        let certificates = [IN_USE, OTHER].map(|hash| NamedCertificate {
            hash,
            until: Timestamp(99),
        });
        HubWelcome::sign(&key(4), [5; 32], certificates.to_vec(), call, IN_USE).unwrap()
    }

    #[test]
    fn both_prove_their_keys_over_the_certificate_between_them() {
        let call = PageCall::from_bytes(&call().to_bytes()).unwrap();
        let welcome = HubWelcome::from_bytes(&welcome(&call).to_bytes()).unwrap();
        assert_eq!(welcome.check(&call, &[OTHER, IN_USE]), Ok(IN_USE));
        let proof = call.prove(&key(2), &welcome, IN_USE);
        assert_eq!(call.check(&proof.0, &welcome, IN_USE), Ok(()));
    }

    #[test]
    fn nothing_is_proven_over_another_certificate_to_another_page_or_with_another_list() {
        let (call, refused) = (call(), WebError::NotProven(KeyError::BadSignature));
        let welcome = welcome(&call);
        assert_eq!(welcome.check(&call, &[OTHER]), Err(refused.clone()));
        let (mut again, mut somebody_else, mut longer) = (call, call, welcome.clone());
        again.nonce = [9; 32];
        somebody_else.key = key(9).public();
        longer.certificates[1].until = Timestamp(100);
        for (welcome, call) in [(&welcome, again), (&welcome, somebody_else), (&longer, call)] {
            assert_eq!(welcome.check(&call, &[IN_USE]), Err(refused.clone()));
        }

        let of_another_certificate = call.prove(&key(2), &welcome, OTHER);
        let of_another_page = call.prove(&key(9), &welcome, IN_USE);
        for proof in [of_another_certificate, of_another_page, welcome.signature] {
            assert_eq!(call.check(&proof.0, &welcome, IN_USE), Err(refused.clone()));
        }
    }

    #[test]
    fn what_is_cut_off_lengthened_or_too_long_a_list_is_no_greeting() {
        let (said, answered) = (call().to_bytes(), welcome(&call()).to_bytes());
        assert!(answered.len() <= MAX_GREETING_BYTES);
        for end in 0..said.len() {
            assert_eq!(PageCall::from_bytes(&said[..end]), Err(WebError::Malformed));
        }
        for end in 0..answered.len() {
            assert!(HubWelcome::from_bytes(&answered[..end]).is_err());
        }
        assert!(PageCall::from_bytes(&[&said[..], &[0]].concat()).is_err());
        assert!(HubWelcome::from_bytes(&[&answered[..], &[0]].concat()).is_err());
        let certificates = vec![
            NamedCertificate {
                hash: IN_USE,
                until: Timestamp(1)
            };
            MAX_CERTIFICATES + 1
        ];
        let signed = HubWelcome::sign(&key(4), [5; 32], certificates, &call(), IN_USE);
        assert_eq!(signed, Err(WebError::TooManyCertificates));
    }
}
