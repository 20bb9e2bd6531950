//! Lines that may come by the thousand are said so often a minute, and then how many were not.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PERIOD: Duration = Duration::from_secs(60);
const MOST: u32 = 10;

/// Says the first few of a minute.
#[derive(Debug, Default)]
pub(super) struct Seldom {
    minute: Mutex<Option<Minute>>,
}

#[derive(Debug)]
struct Minute {
    began: Instant,
    said: u32,
    unsaid: u64,
}

impl Seldom {
    /// Says it, or counts that it was not said.
    pub(super) fn say(&self, say: impl FnOnce()) {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = match &mut *minute {
            Some(minute) if minute.began.elapsed() < PERIOD => minute,
            over => {
                if let Some(Minute { unsaid: unsaid @ 1.., .. }) = over {
                    log::warn!("{unsaid} more of the kind were not said");
                }
                over.insert(Minute { began: Instant::now(), said: 0, unsaid: 0 })
            }
        };
        if minute.said < MOST {
            minute.said += 1;
            say();
        } else {
            minute.unsaid += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_few_of_a_minute_are_said() {
        let seldom = Seldom::default();
        let mut said = 0;
        (0..1_000).for_each(|_| seldom.say(|| said += 1));
        assert_eq!(said, 10);
        assert_eq!(seldom.minute.lock().unwrap().as_ref().unwrap().unsaid, 990);
    }
}
