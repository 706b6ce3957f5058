//! Proofs that an origin has two histories: one that has only one is never convicted, whoever tries.

use usher_keys::codec;
use usher_protocol::fork::ForkProof;
use usher_protocol::log::{Head, Run, Tail, hash_of};

use super::Target;
use super::draw::Draw;
use super::scene::{EVENT, hub};

/// Largest proof, in bytes.
const LIMIT: usize = 64 * 1024;
/// Records of a history.
const RECORDS: usize = 6;

/// A history and its tails; records before the parting are the same in every flavour.
struct History {
    records: Vec<Vec<u8>>,
    tails: Vec<Tail>,
}

impl History {
    fn new(flavour: u8, parting: usize) -> Self {
        let record = |at: usize| vec![if at < parting { 0 } else { flavour }, at as u8];
        let records: Vec<_> = (0..RECORDS).map(record).collect();
        let mut tails = vec![Tail::default()];
        for (at, record) in records.iter().enumerate() {
            tails.push(tails[at].push(EVENT, &hub(1).public(), record));
        }
        Self { records, tails }
    }

    fn head(&self, seq: usize) -> Head {
        Head::sign(EVENT, self.tails[seq], &hub(1))
    }

    fn run(&self, from: usize, to: usize) -> Run {
        Run {
            base: self.tails[from],
            records: self.records[from..to].to_vec(),
            head: self.head(to),
        }
    }
}

/// The bytes say where two histories part and what is put together of them, and what is changed afterwards.
pub fn fork_proofs() -> Target {
    let honest = History::new(0, 0);
    let others: Vec<History> = (0..RECORDS).map(|parting| History::new(1, parting)).collect();
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        match draw.below(3) {
            0 => convict_the_honest(&honest, &mut draw),
            1 => {
                let parting = draw.below(RECORDS);
                convict_the_forked((&honest, &others[parting], parting), &mut draw);
            }
            _ => {
                let proof = codec::decode::<LIMIT, ForkProof>(draw.rest());
                assert_eq!(
                    proof.ok().and_then(|proof| proof.check(EVENT)),
                    None,
                    "nobody signed that"
                );
            }
        }
    })
}

/// Whatever is put together of true heads and links of one history, and of anything else, proves nothing.
fn convict_the_honest(honest: &History, draw: &mut Draw) {
    let seq = draw.below(RECORDS + 1);
    let last = seq + draw.below(RECORDS + 1 - seq);
    let hash = |draw: &mut Draw| match draw.below(3) {
        0 => honest.tails[draw.below(RECORDS + 1)].hash,
        1 => hash_of(&honest.records[draw.below(RECORDS)]),
        _ => draw.array(),
    };
    let links = honest.records[seq..last].iter();
    let mut proof = ForkProof {
        one: honest.head(seq),
        base: honest.tails[seq].hash,
        links: links.map(|record| hash_of(record)).collect(),
        other: honest.head(last),
    };
    match draw.below(6) {
        0 => proof.base = hash(draw),
        1 => proof.links.push(hash(draw)),
        2 => proof.links = draw.list(RECORDS, hash),
        3 => proof.one = honest.head(draw.below(RECORDS + 1)),
        4 => std::mem::swap(&mut proof.one, &mut proof.other),
        _ => {}
    }
    assert_eq!(proof.check(EVENT), None, "an honest origin is convicted");
}

/// What shows both histories is a proof, for everybody; any change of it is none.
fn convict_the_forked((one, other, parting): (&History, &History, usize), draw: &mut Draw) {
    let seq = 1 + draw.below(RECORDS);
    let (from, to) = (draw.below(seq), seq + draw.below(RECORDS + 1 - seq));
    let proof = if draw.bit() {
        ForkProof::of_heads(one.head(seq), other.head(seq))
    } else {
        ForkProof::of_run(EVENT, &one.head(seq), &other.run(from, to))
    };
    assert_eq!(
        proof.is_some(),
        seq > parting,
        "seq {seq} after a parting at {parting}"
    );
    let Some(proof) = proof else {
        return;
    };
    let found = proof.check(EVENT);
    let found = found.expect("what shows two histories proves them");
    assert_eq!((found.origin, found.seq.0), (hub(1).public(), seq as u64));
    let mut bytes = codec::encode(&proof);
    let at = usize::from(draw.u16()) % bytes.len();
    bytes[at] ^= draw.byte();
    if let Ok(changed) = codec::decode::<LIMIT, ForkProof>(&bytes)
        && changed != proof
    {
        assert_eq!(changed.check(EVENT), None, "still good, changed at {at}");
    }
}
