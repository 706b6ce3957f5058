//! A disk in memory that knows what was synced and what was not, and forgets the latter when the power is cut; how programs reach it is in `mount`.
//!
//! It is as forgetful as POSIX allows: a file's bytes are safe after a sync of the file, its name only after one of its
//! folder. Of what was not synced, any blocks may have reached the disk, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};

use usher_tests::sim::random::Random;

/// Names a file or folder.
pub type Node = u64;

/// The topmost folder.
pub const ROOT: Node = 1;
/// What reaches the disk as a whole or not at all, in bytes.
const BLOCK: usize = 4_096;

/// How the disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It does what it is told.
    Well,
    /// It fails to sync, as a cable that is loose.
    SyncFails,
    /// It has no room for a file to grow.
    Full,
    /// It takes no change.
    ReadOnly,
    /// The power is off: nothing is answered, nothing arrives.
    Off,
}

/// Why the disk does not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such thing.
    Missing,
    /// There is one already.
    Exists,
    /// It is a file, or the folder holds something.
    WrongKind,
    /// The disk failed.
    Failed,
    /// There is no room.
    Full,
    /// No change is taken.
    ReadOnly,
}

/// How much of what was not synced is lost.
#[derive(Debug)]
pub enum Loss<'a> {
    /// All of it.
    Everything,
    /// As chance has it, block by block.
    Some(&'a mut Random),
}

/// The disk.
#[derive(Debug)]
pub struct Disk {
    nodes: BTreeMap<Node, Entry>,
    newest: Node,
    mood: Mood,
}

/// A file or folder with its rights.
#[derive(Debug)]
struct Entry {
    mode: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File(File),
    Folder(Folder),
}

#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    synced_len: usize,
    /// What the blocks that were changed since the last sync held then.
    before: BTreeMap<usize, Vec<u8>>,
    /// What the blocks hold on the disk that a failed sync has left behind: the system takes them for written from then on,
    /// as Linux does, and a later sync does not write them.
    forgotten: BTreeMap<usize, Vec<u8>>,
}

#[derive(Debug, Default)]
struct Folder {
    entries: BTreeMap<OsString, Node>,
    synced: BTreeMap<OsString, Node>,
}

/// What is told of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// Its name to the system.
    pub node: Node,
    /// Its rights.
    pub mode: u32,
    /// Its bytes; 0 for a folder.
    pub len: u64,
    pub is_folder: bool,
}

impl Disk {
    /// Makes an empty disk.
    pub fn new() -> Self {
        let root = Entry {
            mode: 0o700,
            kind: Kind::Folder(Folder::default()),
        };
        Self {
            nodes: BTreeMap::from([(ROOT, root)]),
            newest: ROOT,
            mood: Mood::Well,
        }
    }

    /// Changes how the disk is, from this moment on.
    pub fn feel(&mut self, mood: Mood) {
        self.mood = mood;
    }

    /// Cuts the power and gives it back: what was not synced is lost, all of it or as chance has it.
    pub fn lose(&mut self, mut loss: Loss<'_>) {
        for entry in self.nodes.values_mut() {
            match &mut entry.kind {
                Kind::File(file) => file.lose(&mut loss),
                Kind::Folder(folder) => folder.lose(&mut loss),
            }
        }
        self.sweep();
        self.mood = Mood::Well;
    }

    /// Removes what no folder names any more.
    fn sweep(&mut self) {
        let mut named = BTreeSet::from([ROOT]);
        let mut folders = vec![ROOT];
        while let Some(folder) = folders.pop() {
            if let Some(Kind::Folder(folder)) = self.nodes.get(&folder).map(|entry| &entry.kind) {
                folders.extend(folder.entries.values().filter(|node| named.insert(**node)));
            }
        }
        self.nodes.retain(|node, _| named.contains(node));
    }

    /// Looks something up.
    pub fn find(&self, folder: Node, name: &OsStr) -> Result<About, Refusal> {
        self.powered()?;
        let node = self.folder(folder)?.entries.get(name).ok_or(Refusal::Missing)?;
        self.about(*node)
    }

    /// Returns what is known of a file or folder.
    pub fn about(&self, node: Node) -> Result<About, Refusal> {
        self.powered()?;
        let entry = self.nodes.get(&node).ok_or(Refusal::Missing)?;
        let (len, is_folder) = match &entry.kind {
            Kind::File(file) => (file.bytes.len() as u64, false),
            Kind::Folder(_) => (0, true),
        };
        Ok(About {
            node,
            mode: entry.mode,
            len,
            is_folder,
        })
    }

    /// Lists a folder.
    pub fn list(&self, folder: Node) -> Result<Vec<(OsString, About)>, Refusal> {
        self.powered()?;
        let entries = &self.folder(folder)?.entries;
        entries
            .iter()
            .map(|(name, node)| Ok((name.clone(), self.about(*node)?)))
            .collect()
    }

    /// Makes an empty file or folder.
    pub fn make(
        &mut self,
        (folder, name): (Node, &OsStr),
        mode: u32,
        is_folder: bool,
    ) -> Result<About, Refusal> {
        self.changeable()?;
        if self.mood == Mood::Full {
            return Err(Refusal::Full);
        }
        let node = self.newest + 1;
        let entries = &mut self.folder_mut(folder)?.entries;
        if entries.contains_key(name) {
            return Err(Refusal::Exists);
        }
        entries.insert(name.to_owned(), node);
        self.newest = node;
        let kind = if is_folder {
            Kind::Folder(Folder::default())
        } else {
            Kind::File(File::default())
        };
        self.nodes.insert(node, Entry { mode, kind });
        self.about(node)
    }

    /// Returns a file a second name.
    pub fn link(&mut self, node: Node, folder: Node, name: &OsStr) -> Result<About, Refusal> {
        self.changeable()?;
        let entries = &mut self.folder_mut(folder)?.entries;
        if entries.contains_key(name) {
            return Err(Refusal::Exists);
        }
        entries.insert(name.to_owned(), node);
        self.about(node)
    }

    /// Takes a name away. What it named stays until the power is cut, for those who have it open.
    pub fn remove(&mut self, folder: Node, name: &OsStr) -> Result<(), Refusal> {
        self.changeable()?;
        let node = self.find(folder, name)?.node;
        if self.folder(node).is_ok_and(|folder| !folder.entries.is_empty()) {
            return Err(Refusal::WrongKind);
        }
        self.folder_mut(folder)?.entries.remove(name);
        Ok(())
    }

    /// Renames, in place of whatever had the name; `keep` refuses that.
    pub fn rename(
        &mut self,
        (folder, name): (Node, &OsStr),
        (to, new): (Node, &OsStr),
        keep: bool,
    ) -> Result<(), Refusal> {
        self.changeable()?;
        let node = self.find(folder, name)?.node;
        if keep && self.folder(to)?.entries.contains_key(new) {
            return Err(Refusal::Exists);
        }
        self.folder_mut(folder)?.entries.remove(name);
        self.folder_mut(to)?.entries.insert(new.to_owned(), node);
        Ok(())
    }

    /// Changes the rights.
    pub fn set_mode(&mut self, node: Node, mode: u32) -> Result<(), Refusal> {
        self.changeable()?;
        self.nodes.get_mut(&node).ok_or(Refusal::Missing)?.mode = mode;
        Ok(())
    }

    /// Reads.
    pub fn read(&self, node: Node, at: usize, len: usize) -> Result<&[u8], Refusal> {
        self.powered()?;
        let Some(Entry {
            kind: Kind::File(file),
            ..
        }) = self.nodes.get(&node)
        else {
            return Err(Refusal::Missing);
        };
        let end = (at + len).min(file.bytes.len());
        Ok(file.bytes.get(at..end).unwrap_or_default())
    }

    /// Writes.
    pub fn write(&mut self, node: Node, at: usize, bytes: &[u8]) -> Result<(), Refusal> {
        self.changeable()?;
        let full = self.mood == Mood::Full;
        let file = self.file_mut(node)?;
        if full && at + bytes.len() > file.bytes.len() {
            return Err(Refusal::Full);
        }
        file.write(at, bytes);
        Ok(())
    }

    /// Makes a file longer or shorter.
    pub fn resize(&mut self, node: Node, len: usize) -> Result<(), Refusal> {
        self.changeable()?;
        let full = self.mood == Mood::Full;
        let file = self.file_mut(node)?;
        if full && len > file.bytes.len() {
            return Err(Refusal::Full);
        }
        file.resize(len);
        Ok(())
    }

    /// Syncs a file or folder.
    pub fn sync(&mut self, node: Node) -> Result<(), Refusal> {
        self.powered()?;
        let fails = self.mood == Mood::SyncFails;
        match &mut self.nodes.get_mut(&node).ok_or(Refusal::Missing)?.kind {
            Kind::File(file) if fails => file.forget(),
            Kind::Folder(_) if fails => {}
            Kind::File(file) => file.sync(),
            Kind::Folder(folder) => folder.synced = folder.entries.clone(),
        }
        if fails { Err(Refusal::Failed) } else { Ok(()) }
    }

    fn powered(&self) -> Result<(), Refusal> {
        if self.mood == Mood::Off {
            return Err(Refusal::Failed);
        }
        Ok(())
    }

    fn changeable(&self) -> Result<(), Refusal> {
        self.powered()?;
        if self.mood == Mood::ReadOnly {
            return Err(Refusal::ReadOnly);
        }
        Ok(())
    }

    fn folder(&self, node: Node) -> Result<&Folder, Refusal> {
        match &self.nodes.get(&node).ok_or(Refusal::Missing)?.kind {
            Kind::Folder(folder) => Ok(folder),
            Kind::File(_) => Err(Refusal::WrongKind),
        }
    }

    fn folder_mut(&mut self, node: Node) -> Result<&mut Folder, Refusal> {
        match &mut self.nodes.get_mut(&node).ok_or(Refusal::Missing)?.kind {
            Kind::Folder(folder) => Ok(folder),
            Kind::File(_) => Err(Refusal::WrongKind),
        }
    }

    fn file_mut(&mut self, node: Node) -> Result<&mut File, Refusal> {
        match &mut self.nodes.get_mut(&node).ok_or(Refusal::Missing)?.kind {
            Kind::File(file) => Ok(file),
            Kind::Folder(_) => Err(Refusal::WrongKind),
        }
    }
}

impl File {
    fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        self.remember(at, end);
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.bytes[at..end].copy_from_slice(bytes);
    }

    fn resize(&mut self, len: usize) {
        self.remember(len.min(self.bytes.len()), len.max(self.bytes.len()));
        self.bytes.resize(len, 0);
    }

    /// Keeps what blocks hold before they are changed for the first time since the last sync.
    fn remember(&mut self, from: usize, until: usize) {
        for block in from / BLOCK..until.div_ceil(BLOCK) {
            let bytes = &self.bytes;
            let left = self.forgotten.remove(&block);
            self.before.entry(block).or_insert_with(|| {
                if let Some(left) = left {
                    return left;
                }
                let end = ((block + 1) * BLOCK).min(bytes.len());
                bytes.get(block * BLOCK..end).unwrap_or_default().to_vec()
            });
        }
    }

    fn sync(&mut self) {
        self.before.clear();
        self.synced_len = self.bytes.len();
    }

    /// Takes what was to be synced for written, although it is not.
    fn forget(&mut self) {
        for (block, before) in std::mem::take(&mut self.before) {
            self.forgotten.entry(block).or_insert(before);
        }
    }

    fn lose(&mut self, loss: &mut Loss<'_>) {
        let written_len = self.bytes.len();
        let mut len = self.synced_len;
        self.bytes.resize(written_len.max(self.synced_len), 0);
        let unsynced = std::mem::take(&mut self.before)
            .into_iter()
            .map(|(block, before)| (block, before, true));
        let forgotten = std::mem::take(&mut self.forgotten)
            .into_iter()
            .map(|(block, before)| (block, before, false));
        for (block, before, may_arrive) in unsynced.chain(forgotten) {
            let start = block * BLOCK;
            let end = (start + BLOCK).min(self.bytes.len());
            let arrived = start < written_len && may_arrive && loss.spares();
            if arrived {
                len = len.max(end.min(written_len));
            } else if start < end {
                let kept = before.len().min(end - start);
                self.bytes[start..start + kept].copy_from_slice(&before[..kept]);
                self.bytes[start + kept..end].fill(0);
            }
        }
        self.bytes.truncate(len);
        self.synced_len = len;
    }
}

impl Folder {
    fn lose(&mut self, loss: &mut Loss<'_>) {
        if !loss.spares() {
            self.entries = self.synced.clone();
        }
        self.synced = self.entries.clone();
    }
}

impl Loss<'_> {
    /// Tells whether something that was not synced has arrived all the same.
    fn spares(&mut self) -> bool {
        match self {
            Loss::Everything => false,
            Loss::Some(random) => random.percent(50),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk_with_a_file() -> (Disk, Node) {
        let mut disk = Disk::new();
        let node = disk.make((ROOT, "file".as_ref()), 0o600, false).unwrap().node;
        disk.sync(ROOT).unwrap();
        (disk, node)
    }

    #[test]
    fn what_was_synced_stays_and_the_rest_goes() {
        let (mut disk, node) = disk_with_a_file();
        disk.write(node, 0, b"kept").unwrap();
        disk.sync(node).unwrap();
        disk.write(node, 0, b"lost and longer").unwrap();
        disk.write(node, 3 * BLOCK, b"lost").unwrap();
        disk.lose(Loss::Everything);
        assert_eq!(disk.read(node, 0, 100), Ok(b"kept".as_slice()));
        disk.resize(node, 1).unwrap();
        disk.lose(Loss::Everything);
        assert_eq!(disk.read(node, 0, 100), Ok(b"kept".as_slice()));
    }

    #[test]
    fn a_name_stays_only_with_its_folder() {
        let (mut disk, node) = disk_with_a_file();
        let new = disk.make((ROOT, "new".as_ref()), 0o600, false).unwrap().node;
        disk.write(new, 0, b"synced").unwrap();
        disk.sync(new).unwrap();
        disk.rename((ROOT, "file".as_ref()), (ROOT, "renamed".as_ref()), false)
            .unwrap();
        disk.lose(Loss::Everything);
        assert_eq!(disk.find(ROOT, "new".as_ref()), Err(Refusal::Missing));
        assert_eq!(disk.find(ROOT, "file".as_ref()).unwrap().node, node);
    }

    #[test]
    fn some_blocks_may_arrive_before_others() {
        let mut arrived = BTreeSet::new();
        for seed in 0..50 {
            let (mut disk, node) = disk_with_a_file();
            disk.write(node, 0, &[1; 2 * BLOCK]).unwrap();
            disk.lose(Loss::Some(&mut Random::new(seed)));
            let at = |at| disk.read(node, at, 1).unwrap().first().copied();
            arrived.insert((at(0), at(BLOCK)));
        }
        let (no, zero, yes) = (None, Some(0), Some(1));
        assert_eq!(
            arrived,
            BTreeSet::from([(no, no), (yes, no), (zero, yes), (yes, yes)])
        );
    }

    #[test]
    fn what_a_failed_sync_left_behind_is_lost_unless_it_is_written_again() {
        for is_written_again in [false, true] {
            let (mut disk, node) = disk_with_a_file();
            disk.write(node, 0, b"old").unwrap();
            disk.sync(node).unwrap();
            disk.write(node, 0, b"new").unwrap();
            disk.feel(Mood::SyncFails);
            assert_eq!(disk.sync(node), Err(Refusal::Failed));
            disk.feel(Mood::Well);
            if is_written_again {
                disk.write(node, 0, b"new").unwrap();
            }
            disk.sync(node).unwrap();
            disk.lose(Loss::Everything);
            let expected = if is_written_again { b"new" } else { b"old" };
            assert_eq!(disk.read(node, 0, 3), Ok(expected.as_slice()));
        }
    }

    #[test]
    fn moods_refuse_what_they_are_about() {
        let (mut disk, node) = disk_with_a_file();
        disk.write(node, 0, b"1234").unwrap();
        disk.feel(Mood::Full);
        assert_eq!(disk.write(node, 2, b"abc"), Err(Refusal::Full));
        assert_eq!(disk.write(node, 2, b"ab"), Ok(()));
        disk.feel(Mood::ReadOnly);
        assert_eq!(disk.write(node, 0, b"x"), Err(Refusal::ReadOnly));
        disk.feel(Mood::SyncFails);
        assert_eq!(disk.sync(node), Err(Refusal::Failed));
        disk.feel(Mood::Off);
        assert_eq!(disk.read(node, 0, 1), Err(Refusal::Failed));
    }
}
