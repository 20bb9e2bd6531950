//! Waiting for something that is to happen.

use std::time::{Duration, Instant};

/// What takes longer does not happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` finds it.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} does not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}
