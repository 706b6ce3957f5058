//! The one thread that writes a database, and the way to it: what waits together comes to it as one group, which it commits once and then answers; what is in a command, and how it is committed, is the caller's.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::mpsc::{self, error::TrySendError};

use crate::error::DiskError;

/// Most commands in one commit: at 128 the cost of the disk's flush is spread thin, and a group still takes milliseconds.
pub const GROUP_COMMANDS: usize = 128;
/// Commands that may wait for the writer: eight full groups, some tens of milliseconds of work.
const COMMANDS_WAITING: usize = 8 * GROUP_COMMANDS;

/// The writer's thread, and the way to it.
pub struct Writer<C> {
    queue: mpsc::Sender<Message<C>>,
    /// The thread, until someone waits for its end.
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Message<C> {
    Command(C),
    Stop,
}

impl<C: Send + 'static> Writer<C> {
    /// Starts the thread of that name. It serves the groups it is given until there are none any more.
    ///
    /// # Errors
    ///
    /// [`DiskError::Thread`].
    pub fn start(name: &str, serve: impl FnOnce(Groups<C>) + Send + 'static) -> Result<Self, DiskError> {
        let (queue, waiting) = mpsc::channel(COMMANDS_WAITING);
        let groups = Groups {
            waiting,
            is_last: false,
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || serve(groups))
            .map_err(|error| DiskError::Thread(Arc::new(error)))?;
        Ok(Self {
            queue,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands a command over, and waits for room.
    ///
    /// # Errors
    ///
    /// [`DiskError::Closed`].
    pub async fn send(&self, command: C) -> Result<(), DiskError> {
        let sent = self.queue.send(Message::Command(command)).await;
        sent.map_err(|_| DiskError::Closed)
    }

    /// Hands a command over if there is room.
    ///
    /// # Errors
    ///
    /// [`DiskError::Overloaded`], [`DiskError::Closed`].
    pub fn try_send(&self, command: C) -> Result<(), DiskError> {
        let sent = self.queue.try_send(Message::Command(command));
        sent.map_err(|refused| match refused {
            TrySendError::Full(_) => DiskError::Overloaded,
            TrySendError::Closed(_) => DiskError::Closed,
        })
    }

    /// Counts the commands that wait.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Tells whether the thread takes commands.
    pub fn is_alive(&self) -> bool {
        !self.queue.is_closed()
    }

    /// Lets the commands before this one finish and the thread end.
    pub async fn close(&self) {
        // An error means that the thread has ended already.
        let _ = self.queue.send(Message::Stop).await;
        let thread = self
            .thread
            .lock()
            .expect("nothing panics while it holds this")
            .take();
        if let Some(thread) = thread {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            let ended = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(ended, Ok(Ok(()))) {
                tracing::error!(name, "the thread that writes did not end in good order");
            }
        }
    }
}

impl<C> fmt::Debug for Writer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

/// The groups of commands, as they come to the thread.
pub struct Groups<C> {
    waiting: mpsc::Receiver<Message<C>>,
    is_last: bool,
}

impl<C> Groups<C> {
    /// Waits for the next group; returns `None` when the writer was closed or dropped. `rest` says, by the first command, how
    /// long the group waits for more.
    pub fn gather(&mut self, rest: impl FnOnce(&C) -> Option<Duration>) -> Option<Vec<C>> {
        if self.is_last {
            return None;
        }
        let Message::Command(first) = self.waiting.blocking_recv()? else {
            return None;
        };
        if let Some(rest) = rest(&first) {
            // Nobody unparks this thread, and one that wakes too early only gathers less.
            thread::park_timeout(rest);
        }
        let mut group = vec![first];
        while group.len() < GROUP_COMMANDS
            && !self.is_last
            && let Ok(next) = self.waiting.try_recv()
        {
            match next {
                Message::Command(command) => group.push(command),
                Message::Stop => self.is_last = true,
            }
        }
        Some(group)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc as std_mpsc;

    use super::*;

    /// A writer that shows each group, and takes the next one once it is told to.
    fn writer() -> (
        Writer<usize>,
        std_mpsc::Receiver<Vec<usize>>,
        std_mpsc::Sender<()>,
    ) {
        let (show, shown) = std_mpsc::channel();
        let (go_on, may_go_on) = std_mpsc::channel();
        let writer = Writer::start("writer", move |mut groups: Groups<usize>| {
            while let Some(group) = groups.gather(|_| None) {
                show.send(group).unwrap();
                if may_go_on.recv().is_err() {
                    return;
                }
            }
        });
        (writer.unwrap(), shown, go_on)
    }

    #[tokio::test]
    async fn what_waits_together_is_one_group_of_bounded_size() {
        let (writer, shown, go_on) = writer();
        writer.send(0).await.unwrap();
        assert_eq!(shown.recv().unwrap(), [0]);
        for command in 1..=GROUP_COMMANDS + 2 {
            writer.send(command).await.unwrap();
        }
        assert_eq!(writer.waiting(), GROUP_COMMANDS + 2);
        go_on.send(()).unwrap();
        assert_eq!(shown.recv().unwrap(), Vec::from_iter(1..=GROUP_COMMANDS));
        go_on.send(()).unwrap();
        assert_eq!(shown.recv().unwrap(), [GROUP_COMMANDS + 1, GROUP_COMMANDS + 2]);
        go_on.send(()).unwrap();
        writer.close().await;
    }

    #[tokio::test]
    async fn closing_waits_for_what_was_asked_and_refuses_the_rest() {
        let (writer, shown, go_on) = writer();
        for command in 0..3 {
            writer.send(command).await.unwrap();
        }
        for _ in 0..3 {
            go_on.send(()).unwrap();
        }
        writer.close().await;
        assert_eq!(Vec::from_iter(shown.iter().flatten()), [0, 1, 2]);
        assert!(!writer.is_alive());
        assert!(matches!(writer.send(3).await, Err(DiskError::Closed)));
        assert!(matches!(writer.try_send(3), Err(DiskError::Closed)));
        writer.close().await;
    }

    #[test]
    fn whoever_does_not_wait_is_told_that_there_is_no_room() {
        let (writer, shown, go_on) = writer();
        writer.try_send(0).unwrap();
        shown.recv().unwrap();
        for command in 0..COMMANDS_WAITING {
            writer.try_send(command).unwrap();
        }
        assert!(matches!(writer.try_send(0), Err(DiskError::Overloaded)));
        drop(go_on);
    }
}
