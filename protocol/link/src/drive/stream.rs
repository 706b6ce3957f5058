//! The two directions of a session's stream: a task that reads messages ahead and one that writes frames, each behind a bounded channel.

use std::collections::VecDeque;

use quinn::{RecvStream, SendStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use usher_protocol::Origin;
use usher_protocol::checkpoint::MAX_CHECKPOINT_BYTES;
use usher_protocol::sync::{MAX_FRAME_BYTES, Message, VERSIONS, VersionRange};

use crate::wire::{self, FrameError};

/// Messages read ahead while the session is busy; beyond them QUIC's flow control holds the peer back.
const MESSAGES_READ_AHEAD: usize = 2;
/// Frames the writer has ready for the moment the line is free.
const FRAMES_HANDED_OVER: usize = 1;
/// From how many waiting frames on no further run is loaded: the line is the bottleneck, and runs can wait in storage.
const FRAMES_BEFORE_LOADING_PAUSES: usize = 2;
/// Most bytes that may wait for the line: all parts of the largest checkpoint, a list of all logs and the runs in flight,
/// with room. A peer that asks and does not read gets no more.
const MAX_WAITING_BYTES: usize = MAX_CHECKPOINT_BYTES + 5 * MAX_FRAME_BYTES;

/// A message that was read, or why there are no more; boxed, because a channel keeps room for 32 of them or more.
pub(super) type Incoming = Box<Result<Message, NoMessage>>;

/// Why no message could be read.
#[derive(Debug)]
pub(super) enum NoMessage {
    /// The peer's hello names only versions that we do not speak, whether we can read the rest of it or not.
    OtherVersion(VersionRange),
    /// There is no frame, or none with a message in it.
    Frame(FrameError),
}

/// Starts to read messages; an error is the last thing that comes.
pub(super) fn start_reading(mut recv: RecvStream, tasks: &mut JoinSet<()>) -> mpsc::Receiver<Incoming> {
    let (sender, receiver) = mpsc::channel(MESSAGES_READ_AHEAD);
    tasks.spawn(async move {
        let mut heard_hello = false;
        loop {
            let message = read_message(&mut recv, heard_hello).await;
            heard_hello |= matches!(message, Ok(Message::Hello(_)));
            let is_last = message.is_err();
            if sender.send(Box::new(message)).await.is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

async fn read_message(recv: &mut RecvStream, heard_hello: bool) -> Result<Message, NoMessage> {
    let body = wire::read_frame(recv, MAX_FRAME_BYTES).await;
    let body = body.map_err(NoMessage::Frame)?;
    if !heard_hello
        && let Some(theirs) = Message::versions_in(&body)
        && VERSIONS.common(theirs).is_none()
    {
        return Err(NoMessage::OtherVersion(theirs));
    }
    Message::from_bytes(&body).map_err(|_| NoMessage::Frame(FrameError::Malformed))
}

struct Waiting {
    run_of: Option<Origin>,
    frame: Vec<u8>,
}

/// The writer is gone: the stream or the connection broke.
#[derive(Debug)]
pub(super) struct WriterGone;

/// Frames that wait for the line.
pub(super) struct Outgoing {
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    writer: Option<mpsc::Sender<Vec<u8>>>,
    /// Resolves when the writer is done, one way or the other.
    written: oneshot::Receiver<()>,
}

impl Outgoing {
    /// Starts the writer.
    pub(super) fn start(send: SendStream, tasks: &mut JoinSet<()>) -> Self {
        let (writer, frames) = mpsc::channel(FRAMES_HANDED_OVER);
        let (done, written) = oneshot::channel();
        tasks.spawn(async move {
            write_frames(send, frames).await;
            // Nobody waits for it unless the session ends.
            let _ = done.send(());
        });
        Self {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            writer: Some(writer),
            written,
        }
    }

    pub(super) fn push(&mut self, message: &Message) {
        let body = message.to_bytes();
        if body.len() > MAX_FRAME_BYTES {
            tracing::error!(bytes = body.len(), "a message over the limit was not sent");
            return;
        }
        let run_of = match message {
            Message::Run(run) => Some(run.head.origin),
            Message::Hello(_)
            | Message::Have(_)
            | Message::Checkpoint(_)
            | Message::Bundle(_)
            | Message::Beat { .. }
            | Message::Recap
            | Message::Fork(_)
            | Message::Bye(_) => None,
        };
        let frame = wire::frame(&body);
        self.waiting_bytes += frame.len();
        self.waiting.push_back(Waiting { run_of, frame });
    }

    pub(super) fn has_room_for_runs(&self) -> bool {
        self.waiting.len() < FRAMES_BEFORE_LOADING_PAUSES
    }

    pub(super) fn carries_run_of(&self, origin: &Origin) -> bool {
        self.waiting
            .iter()
            .any(|waiting| waiting.run_of.as_ref() == Some(origin))
    }

    pub(super) fn is_overfull(&self) -> bool {
        self.waiting_bytes > MAX_WAITING_BYTES
    }

    /// Hands the next frame to the writer as soon as it takes one; waits for ever while there is none.
    ///
    /// Dropping the wait loses nothing.
    pub(super) async fn hand_over(&mut self) -> Result<(), WriterGone> {
        if self.waiting.is_empty() {
            return std::future::pending().await;
        }
        let writer = self.writer.as_ref().ok_or(WriterGone)?;
        let permit = writer.reserve().await.map_err(|_| WriterGone)?;
        if let Some(next) = self.waiting.pop_front() {
            self.waiting_bytes -= next.frame.len();
            permit.send(next.frame);
        }
        Ok(())
    }

    /// Writes only the last of the waiting frames, and waits until the peer has everything.
    pub(super) async fn finish(&mut self) {
        let last = self.waiting.pop_back();
        self.waiting.clear();
        if let (Some(writer), Some(last)) = (self.writer.take(), last) {
            let _ = writer.send(last.frame).await;
        }
        let _ = (&mut self.written).await;
    }
}

async fn write_frames(mut send: SendStream, mut frames: mpsc::Receiver<Vec<u8>>) {
    while let Some(frame) = frames.recv().await {
        if wire::write_frame(&mut send, &frame).await.is_err() {
            return;
        }
    }
    let _ = send.finish();
    let _ = send.stopped().await;
}
