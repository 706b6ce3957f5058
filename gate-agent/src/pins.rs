//! Takes supervisors' PINs at a hub: one at a time, and from each device ever more slowly after wrong ones; what a PIN opens is the admission path's.

use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use usher_device::replica::{Access, ReplicaError};
use usher_keys::PublicKey;
use usher_protocol::pin::{Pin, PinGuesses};
use usher_protocol::request::{BY_PIN, RequestError};

/// PINs that are compared at once: each takes 19 MiB and a core for a moment, and scans go on meanwhile.
const AT_ONCE: usize = 1;

/// The supervisors of a hub who are known by a PIN.
pub struct SupervisorPins {
    access: Access,
    began: Instant,
    /// Guards who was wrong; never held across an await.
    tries: Mutex<PinGuesses>,
    turns: Semaphore,
}

impl SupervisorPins {
    /// Begins with nobody having been wrong.
    pub fn new(access: Access) -> Self {
        Self {
            access,
            began: Instant::now(),
            tries: Mutex::default(),
            turns: Semaphore::new(AT_ONCE),
        }
    }

    /// Returns what is written down as the supervisor of that name, if the PIN that the device gives is theirs.
    ///
    /// # Errors
    ///
    /// [`RequestError::NoPin`], [`RequestError::WrongPin`], [`RequestError::PinsRest`], [`RequestError::Unavailable`].
    pub async fn check(&self, device: PublicKey, name: &str, pin: &Pin) -> Result<String, RequestError> {
        let _turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| RequestError::Unavailable)?;
        let (access, name) = (self.access.clone(), name.to_owned());
        let kept = spawn_blocking(move || access.pin_of(&name)).await;
        let kept = kept
            .map_err(|_| RequestError::Unavailable)?
            .map_err(cannot_read)?;
        let kept = kept.ok_or(RequestError::NoPin)?;
        let begun = self.tries().begin(device.0, self.now_ms());
        begun.map_err(|rest_ms| RequestError::PinsRest {
            rest_s: seconds(rest_ms),
        })?;
        let (by, pin) = (format!("{}{BY_PIN}", kept.name), pin.clone());
        let is_right = spawn_blocking(move || kept.is(&pin)).await;
        if is_right.map_err(|_| RequestError::Unavailable)? {
            self.tries().was_right(device.0);
            return Ok(by);
        }
        let rest_s = seconds(self.tries().rest_ms(device.0, self.now_ms()));
        tracing::warn!(peer = %device.id(), rest_s, "a wrong PIN was typed at a scanner");
        Err(RequestError::WrongPin { rest_s })
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn tries(&self) -> MutexGuard<'_, PinGuesses> {
        self.tries.lock().expect("nothing panics while it holds this")
    }
}

fn cannot_read(error: ReplicaError) -> RequestError {
    let error: &dyn std::error::Error = &error;
    tracing::error!(error, "supervisors' PINs cannot be read");
    RequestError::Unavailable
}

/// Rounds up, so that nobody comes back too early.
fn seconds(ms: u64) -> u32 {
    u32::try_from(ms.div_ceil(1_000)).unwrap_or(u32::MAX)
}
