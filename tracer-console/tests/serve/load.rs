//! Clients that put segments, each as fast as it is answered.

use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

/// They go on until nobody answers any more, and say which segments were acknowledged.
pub(crate) struct Load {
    clients: Vec<JoinHandle<()>>,
    pub(crate) acknowledged: Receiver<String>,
}

impl Load {
    /// So many clients; `put` puts the next segments, and gives back what is known of them.
    pub(crate) fn of(
        clients: usize,
        put: impl Fn() -> Result<Vec<String>, String> + Clone + Send + 'static,
    ) -> Self {
        let (sender, acknowledged) = channel();
        let client = |_| {
            let (sender, put) = (sender.clone(), put.clone());
            std::thread::spawn(move || {
                let why = loop {
                    match put() {
                        Ok(known) => known.into_iter().for_each(|one| sender.send(one).unwrap()),
                        Err(why) => break why,
                    }
                };
                // Never an answer that says no: nobody is there, or nobody any more.
                assert!(!why.starts_with(|c: char| c.is_ascii_digit()), "{why}");
            })
        };
        Self { clients: (0..clients).map(client).collect(), acknowledged }
    }

    /// Those that were acknowledged before and while who answers was killed.
    pub(crate) fn join(self) -> Vec<String> {
        self.clients.into_iter().for_each(|client| client.join().unwrap());
        self.acknowledged.iter().collect()
    }
}
