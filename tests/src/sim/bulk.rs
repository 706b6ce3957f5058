//! What a liar piles up: more bytes than a device's log may hold, and devices that it makes up.

use usher_keys::{Capabilities, Certificate, PublicKey, Role};
use usher_protocol::Hlc;
use usher_protocol::ledger::MAX_DEVICE_BYTES;

use super::lies::{LATER_KIND, Lie};
use super::node::NodeId;
use super::sabotage::Sabotage;
use super::setting::LASTS;
use super::world::World;

/// How many bytes of a device's log count in the simulation, where nobody can write 2 GiB: more than all else that a liar may write.
const MOST_BYTES: u64 = 6 * 1024 * 1024;
/// Bytes in one record of a heap: as many records as a run may have fit into one.
const HEAP_BYTES: usize = 220;
/// How many more records it writes.
const TOO_MANY: usize = 4;

impl World {
    /// Returns how many bytes of a device's log count for everybody.
    pub fn most_bytes(&self) -> u64 {
        if self.breaks(Sabotage::BytesOfALogAreNotBounded) {
            MAX_DEVICE_BYTES
        } else {
            MOST_BYTES
        }
    }

    /// Writes more bytes into its own log than count, in a kind that only later versions know.
    pub fn write_too_many_bytes(&mut self, node: NodeId) {
        self.tell(|| format!("{} writes records without end", self.name(node)));
        let now = Hlc {
            ms: self.now,
            count: 0,
        };
        let bytes = usher_keys::codec::encode(&(now, false, LATER_KIND, vec![0_u8; HEAP_BYTES]));
        let mut held = self.bytes_written(node);
        let mut too_many = 0;
        while too_many < TOO_MANY {
            held += bytes.len() as u64;
            let is_false = held > MOST_BYTES;
            too_many += usize::from(is_false);
            self.write_lie(node, Lie::new("a heap of bytes", is_false, bytes.clone()));
        }
    }

    /// Tells whether a device's log holds as many bytes as count.
    pub fn is_beyond_bytes(&self, node: NodeId) -> bool {
        self.bytes_written(node) > MOST_BYTES
    }

    fn bytes_written(&self, node: NodeId) -> u64 {
        self.own_entries(node).map(|entry| entry.bytes.len() as u64).sum()
    }

    /// Returns what a device that nobody has ever seen is given.
    pub fn stranger(&self, device: PublicKey) -> Certificate {
        Certificate {
            event: self.setting.event,
            device,
            role: Role::Scanner,
            name: "Stranger".to_owned(),
            gates: Vec::new(),
            capabilities: Capabilities::default(),
            window: LASTS,
        }
    }
}
