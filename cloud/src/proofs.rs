//! Challenges that have a machine work before it holds places, by ALTCHA (version 2), and the proofs that it has; nothing is stored of a
//! challenge until it holds places.
//!
//! **Source**: <https://altcha.org/docs/v2/proof-of-work/>

use std::collections::BTreeMap;

use altcha::{
    Challenge, CreateChallengeOptions, Payload, VerifySolutionOptions, create_challenge, verify_solution,
};
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use usher_keys::{EventId, Timestamp};

use crate::ids::draw;
use crate::selling::proof_of_work::WorkProof;

/// How long a challenge may take, in milliseconds: a slow phone needs some seconds.
pub const GOOD_FOR_MS: u64 = 10 * 60_000;
/// The longest text of a proof, in bytes.
pub const MAX_PROOF_BYTES: usize = 2_000;
/// Hashes in each try.
const COST: u32 = 2_000;
/// The fewest tries, and how many more there may be: all challenges take about the same time, under a second on a laptop.
const FEWEST_TRIES: u32 = 300;
const MORE_TRIES: u32 = 400;

/// What the challenges of an event are signed with.
pub struct ProofKeys {
    event: EventId,
    challenges: String,
    solutions: String,
}

impl ProofKeys {
    /// Makes the keys of an event from its secret.
    pub fn new(event: EventId, secret: &[u8; 32]) -> Self {
        let derive = |purpose| HEXLOWER.encode(&blake3::derive_key(purpose, secret));
        Self {
            event,
            challenges: derive("usher proof of work 1 challenges"),
            solutions: derive("usher proof of work 1 solutions"),
        }
    }

    /// Makes a challenge; `None` if that fails, which it does not.
    pub fn challenge(&self, now: Timestamp) -> Option<Challenge> {
        let until = now.plus_ms(GOOD_FOR_MS);
        let data = BTreeMap::from([
            ("event".to_owned(), json!(self.event.to_string())),
            ("until".to_owned(), json!(until.0)),
        ]);
        let more = u32::from_le_bytes(draw()) % MORE_TRIES;
        let options = CreateChallengeOptions {
            counter: Some(FEWEST_TRIES + more),
            cost: COST,
            data: Some(data),
            hmac_signature_secret: Some(self.challenges.clone()),
            hmac_key_signature_secret: Some(self.solutions.clone()),
            ..CreateChallengeOptions::default()
        };
        create_challenge(options).ok()
    }

    /// Reads a proof of this event that is still good; `None` for any other text.
    pub fn read(&self, text: &str, now: Timestamp) -> Option<WorkProof> {
        let json = Some(text).filter(|text| text.len() <= MAX_PROOF_BYTES)?;
        let Payload { challenge, solution } =
            serde_json::from_slice(&BASE64.decode(json.as_bytes()).ok()?).ok()?;
        let options = VerifySolutionOptions {
            hmac_key_signature_secret: Some(self.solutions.clone()),
            ..VerifySolutionOptions::new(&challenge, &solution, self.challenges.as_str())
        };
        let is_proven = verify_solution(options).is_ok_and(|result| result.verified);
        let data = challenge.parameters.data.as_ref()?;
        let is_ours = data.get("event").and_then(Value::as_str) == Some(&self.event.to_string());
        let until = Timestamp(data.get("until")?.as_u64()?);
        // What is signed names a challenge once, whatever case its signature is written in.
        let id = blake3::hash(challenge.parameters.nonce.as_bytes());
        (is_proven && is_ours && now < until).then_some(WorkProof { id: id.into(), until })
    }
}

#[cfg(test)]
mod tests {
    use altcha::{SolveChallengeOptions, solve_challenge};

    use super::*;

    const EVENT: EventId = EventId([1; 16]);
    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn keys(event: EventId) -> ProofKeys {
        ProofKeys::new(event, &[7; 32])
    }

    fn solved(challenge: Challenge) -> Payload {
        let solution = solve_challenge(SolveChallengeOptions::new(&challenge))
            .unwrap()
            .unwrap();
        Payload { challenge, solution }
    }

    fn text(payload: &Payload) -> String {
        BASE64.encode(&serde_json::to_vec(payload).unwrap())
    }

    #[test]
    fn a_solved_challenge_is_good_for_its_event_until_its_end() {
        let proof = solved(keys(EVENT).challenge(NOW).unwrap());
        let read = |keys: ProofKeys, at| keys.read(&text(&proof), at);
        let until = NOW.plus_ms(GOOD_FOR_MS);
        let good = read(keys(EVENT), NOW).unwrap();
        assert_eq!(good.until, until);
        assert_eq!(read(keys(EVENT), Timestamp(until.0 - 1)), Some(good));
        assert_eq!(read(keys(EVENT), until), None);
        assert_eq!(read(keys(EventId([2; 16])), NOW), None);
        assert_eq!(read(ProofKeys::new(EVENT, &[8; 32]), NOW), None);
        let mut shouted = proof.clone();
        shouted.challenge.signature = shouted.challenge.signature.map(|text| text.to_uppercase());
        let again = keys(EVENT).read(&text(&shouted), NOW);
        assert!(
            again.is_none_or(|again| again.id == good.id),
            "one challenge has one id"
        );
    }

    #[test]
    fn what_nobody_worked_for_or_was_altered_is_no_proof() {
        let keys = keys(EVENT);
        let proof = solved(keys.challenge(NOW).unwrap());
        let mut alterations: Vec<Payload> = vec![proof.clone(); 5];
        alterations[0].solution.derived_key = "00".repeat(32);
        alterations[1].challenge.parameters.key_prefix.clear();
        alterations[2].challenge.parameters.cost = 1;
        alterations[3].challenge.signature = None;
        alterations[4].solution.derived_key = "not hex".to_owned();
        for altered in &alterations {
            assert_eq!(keys.read(&text(altered), NOW), None, "{altered:?}");
        }
        let padded = BASE64.encode(&vec![b' '; MAX_PROOF_BYTES]);
        for other in ["", "e30=", "%%%", "{}", padded.as_str()] {
            assert_eq!(keys.read(other, NOW), None, "{other}");
        }
    }
}
