//! Sends documents as tracers do, one a datagram, flat out or at a rate.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::document::{KINDS, Kind, Series, Template};

/// Datagrams whose texts are made beforehand.
pub(crate) struct UdpSender {
    socket: UdpSocket,
    series: Series,
    templates: Vec<Template>,
}

/// A sender that keeps a rate sleeps between so short stretches.
const STRETCH: Duration = Duration::from_millis(1);

impl UdpSender {
    pub(crate) fn new(to: SocketAddr, series: Series) -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(to)?;
        let templates = (0..KINDS).map(|kind| Template::datagram(Kind::of(kind))).collect();
        Ok(Self { socket, series, templates })
    }

    fn send(&mut self, number: u64) -> Result<()> {
        let template = &mut self.templates[(number % KINDS) as usize];
        self.series.write(number, template);
        self.socket.send(&template.bytes)?;
        Ok(())
    }

    /// Sends for so long, as fast as it can; returns how many.
    pub(crate) fn flat_out(&mut self, time: Duration) -> Result<u64> {
        let begin = Instant::now();
        let mut number = 0;
        while begin.elapsed() < time {
            for _ in 0..64 {
                self.send(number)?;
                number += 1;
            }
        }
        Ok(number)
    }

    /// Sends so many a second for so long; returns how many.
    pub(crate) fn at_rate(&mut self, rate: f64, time: Duration) -> Result<u64> {
        let begin = Instant::now();
        let (mut number, all) = (0, (rate * time.as_secs_f64()) as u64);
        while number < all {
            let due = (begin.elapsed().as_secs_f64() * rate) as u64;
            while number < due.min(all) {
                self.send(number)?;
                number += 1;
            }
            std::thread::sleep(STRETCH);
        }
        Ok(number)
    }
}

/// Sends the first `count` documents of a series from so many senders at once, made whole beforehand: nothing is done
/// between two datagrams. Returns how long that took.
pub(crate) fn burst(to: SocketAddr, series: &Series, count: u64, senders: u64) -> Result<Duration> {
    let all: Vec<Vec<_>> = (0..senders)
        .map(|sender| {
            (sender..count).step_by(senders as usize).map(|number| datagram(series, number)).collect()
        })
        .collect();
    let together = Barrier::new(all.len() + 1);
    std::thread::scope(|scope| {
        let send = |datagrams: Vec<Vec<u8>>| {
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.connect(to)?;
            together.wait();
            datagrams.iter().try_for_each(|datagram| socket.send(datagram).map(drop))?;
            anyhow::Ok(())
        };
        let threads: Vec<_> = all.into_iter().map(|datagrams| scope.spawn(move || send(datagrams))).collect();
        together.wait();
        let begin = Instant::now();
        threads.into_iter().try_for_each(|thread| thread.join().ok().context("a sender panicked")?)?;
        Ok(begin.elapsed())
    })
}

fn datagram(series: &Series, number: u64) -> Vec<u8> {
    let mut template = Template::datagram(Kind::of(number));
    series.write(number, &mut template);
    template.bytes
}
