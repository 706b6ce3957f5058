//! The forgetful disk as a folder that programs use, over FUSE; what it forgets is in `disk`.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use fuser::{
    AccessFlags, BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem,
    FopenFlags, Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyStatfs, ReplyWrite, Request, TimeOrNow,
    WriteFlags,
};
use tempfile::TempDir;

use super::disk::{About, Disk, Loss, Mood, Refusal};

/// What every such file system needs.
const DEVICE: &str = "/dev/fuse";
/// Set where these tests must run: then a machine that cannot do FUSE is a failure.
const EXPECTED: &str = "USHER_EXPECT_FUSE";
/// How long the system may believe what it was told: never.
const BELIEVED: Duration = Duration::ZERO;
/// How often a busy disk is unmounted again, and how long to wait before each time.
const UNMOUNT_TRIES: u32 = 200;
const UNMOUNT_PAUSE: Duration = Duration::from_millis(10);
/// Bytes of a block, as programs are told.
const BLOCK_BYTES: u32 = 4_096;
/// Blocks that are free, as programs are told.
const FREE_BLOCKS: u64 = 1 << 20;

/// A folder on a forgetful disk, until it is dropped; then nobody may use it any more.
pub struct Mount {
    /// Ends before the folder is removed.
    session: Option<BackgroundSession>,
    disk: Arc<Mutex<Disk>>,
    at: PathBuf,
    _folder: TempDir,
}

impl Mount {
    /// Mounts an empty disk. Where the system cannot do that at all, it says so and gives nothing, unless
    /// `USHER_EXPECT_FUSE` is set.
    ///
    /// # Errors
    ///
    /// When the system should be able to, and does not.
    pub fn empty() -> anyhow::Result<Option<Self>> {
        if !Path::new(DEVICE).exists() {
            let why =
                format!("there is no {DEVICE}: this machine cannot do FUSE, so power cuts are NOT tested");
            if std::env::var_os(EXPECTED).is_some() {
                bail!("{why}, although {EXPECTED} is set");
            }
            // Not through `println!`, which is shown only for tests that fail.
            writeln!(io::stderr(), "SKIPPED: {why}")?;
            return Ok(None);
        }
        let folder = tempfile::Builder::new().prefix("usher-disk-").tempdir()?;
        let at = folder.path().join("disk");
        std::fs::create_dir(&at)?;
        let mut mount = Self {
            session: None,
            disk: Arc::new(Mutex::new(Disk::new())),
            at,
            _folder: folder,
        };
        mount.attach()?;
        Ok(Some(mount))
    }

    fn attach(&mut self) -> anyhow::Result<()> {
        let owner = std::fs::metadata("/proc/self").context("asking who we are")?;
        let served = Served {
            disk: Arc::clone(&self.disk),
            owner: (owner.uid(), owner.gid()),
        };
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("usher-forgetful".to_owned())];
        let session = fuser::spawn_mount(served, &self.at, &config);
        self.session = Some(session.context(
            "mounting a FUSE file system; a user who is not root needs fusermount3: `make setup` installs the package fuse3",
        )?);
        Ok(())
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// Changes how the disk is, from this moment on.
    pub fn feel(&self, mood: Mood) {
        self.lock().feel(mood);
    }

    /// Returns the power back after [`Mood::Off`], once every program on the disk has ended: what was not synced is lost.
    ///
    /// # Errors
    ///
    /// When somebody still uses the disk.
    pub fn restart(&mut self, loss: Loss<'_>) -> anyhow::Result<()> {
        self.feel(Mood::Off);
        self.unmount()
            .with_context(|| format!("unmounting {}", self.at.display()))?;
        self.lock().lose(loss);
        self.attach()
    }

    /// Unmounts, so that the system forgets what it keeps of the disk. While another test of this process starts a
    /// program, our open files are that program's too until it begins: then the disk is busy for a moment.
    fn unmount(&mut self) -> anyhow::Result<()> {
        let Some(session) = self.session.take() else {
            return Ok(());
        };
        let busy = match session.umount_and_join() {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => error,
            // It is gone; a request was still under way.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => return Ok(()),
            ended => return Ok(ended?),
        };
        for _ in 0..UNMOUNT_TRIES {
            if Command::new("umount")
                .arg(&self.at)
                .stderr(Stdio::null())
                .status()?
                .success()
            {
                return Ok(());
            }
            std::thread::park_timeout(UNMOUNT_PAUSE);
        }
        Err(busy.into())
    }

    fn lock(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The disk as the system asks for it.
struct Served {
    /// The disk; held for one request.
    disk: Arc<Mutex<Disk>>,
    owner: (u32, u32),
}

impl Served {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn attr(&self, about: About) -> FileAttr {
        let (kind, links) = if about.is_folder {
            (FileType::Directory, 2)
        } else {
            (FileType::RegularFile, 1)
        };
        FileAttr {
            ino: INodeNo(about.node),
            size: about.len,
            blocks: about.len.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm: u16::try_from(about.mode & 0o7777).unwrap_or(0),
            nlink: links,
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: 0,
            blksize: BLOCK_BYTES,
            flags: 0,
        }
    }

    fn entry(&self, found: Result<About, Refusal>, reply: ReplyEntry) {
        match found {
            Ok(about) => reply.entry(&BELIEVED, &self.attr(about), Generation(0)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }
}

fn errno(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::Missing => Errno::ENOENT,
        Refusal::Exists => Errno::EEXIST,
        Refusal::WrongKind => Errno::ENOTEMPTY,
        Refusal::Failed => Errno::EIO,
        Refusal::Full => Errno::ENOSPC,
        Refusal::ReadOnly => Errno::EROFS,
    }
}

fn done(result: Result<(), Refusal>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

/// Returns a number of bytes as the disk counts them; no test writes more than memory holds.
fn count(bytes: u64) -> usize {
    usize::try_from(bytes).expect("a file in memory")
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.entry(self.disk().find(parent.0, name), reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.disk().about(ino.0) {
            Ok(about) => reply.attr(&BELIEVED, &self.attr(about)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut disk = self.disk();
        let resized = size.map_or(Ok(()), |size| disk.resize(ino.0, count(size)));
        let changed = resized.and_then(|()| mode.map_or(Ok(()), |mode| disk.set_mode(ino.0, mode)));
        match changed.and_then(|()| disk.about(ino.0)) {
            Ok(about) => reply.attr(&BELIEVED, &self.attr(about)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, umask: u32, reply: ReplyEntry) {
        self.entry(self.disk().make((parent.0, name), mode & !umask, true), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.disk().remove(parent.0, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        done(self.disk().remove(parent.0, name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let keep = flags.contains(RenameFlags::RENAME_NOREPLACE);
        done(
            self.disk().rename((parent.0, name), (newparent.0, newname), keep),
            reply,
        );
    }

    fn link(&self, _: &Request, ino: INodeNo, newparent: INodeNo, newname: &OsStr, reply: ReplyEntry) {
        self.entry(self.disk().link(ino.0, newparent.0, newname), reply);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        umask: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        match self.disk().make((parent.0, name), mode & !umask, false) {
            Ok(about) => reply.created(
                &BELIEVED,
                &self.attr(about),
                Generation(0),
                FileHandle(0),
                FopenFlags::empty(),
            ),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.disk().read(ino.0, count(offset), count(size.into())) {
            Ok(bytes) => reply.data(bytes),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.disk().write(ino.0, count(offset), data) {
            Ok(()) => reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        done(self.disk().sync(ino.0), reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        done(self.disk().sync(ino.0), reply);
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let listed = match self.disk().list(ino.0) {
            Ok(listed) => listed,
            Err(refusal) => return reply.error(errno(refusal)),
        };
        let dots = [".", ".."].map(|name| (name.into(), ino.0, FileType::Directory));
        let named = listed
            .into_iter()
            .map(|(name, about)| (name, about.node, self.attr(about).kind));
        let all = dots.into_iter().chain(named).zip(1..).skip(count(offset));
        for ((name, node, kind), next) in all {
            if reply.add(INodeNo(node), next, kind, &name) {
                break;
            }
        }
        reply.ok();
    }

    fn access(&self, _: &Request, _: INodeNo, _: AccessFlags, reply: ReplyEmpty) {
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(
            FREE_BLOCKS,
            FREE_BLOCKS,
            FREE_BLOCKS,
            FREE_BLOCKS,
            FREE_BLOCKS,
            BLOCK_BYTES,
            255,
            BLOCK_BYTES,
        );
    }
}
