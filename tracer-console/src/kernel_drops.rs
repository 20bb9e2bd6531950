//! How many datagrams the kernel dropped before anybody could read them: Linux says so in `/proc/net/udp`.

use std::net::SocketAddr;

/// Of all sockets that are bound to the port of `address`; `None` where the system does not say.
pub(crate) fn of(address: SocketAddr) -> Option<u64> {
    let table = if address.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
    of_table(&std::fs::read_to_string(table).ok()?, address.port())
}

fn of_table(table: &str, port: u16) -> Option<u64> {
    let rows = table.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let local = columns.nth(1)?.rsplit_once(':')?.1;
        (u16::from_str_radix(local, 16).ok()? == port).then(|| columns.last()?.parse::<u64>().ok())?
    });
    rows.reduce(u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 1337: 0100007F:07D0 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12345 2 0000000000000000 42
 1337: 0100007F:07D1 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12347 2 0000000000000000 3
 1337: 0100007F:07D1 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12348 2 0000000000000000 4
 1338: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 12346 2 0000000000000000 7
";

    #[test]
    fn the_last_column_of_the_ports_rows_is_summed() {
        assert_eq!(of_table(TABLE, 2000), Some(42));
        assert_eq!(of_table(TABLE, 2001), Some(3 + 4));
        assert_eq!(of_table(TABLE, 68), Some(7));
        assert_eq!(of_table(TABLE, 1), None);
        assert_eq!(of_table("nonsense", 2000), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_socket_that_nobody_reads_drops_what_is_too_much() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        assert_eq!(of(address), Some(0));
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let drops = (0..10_000).find_map(|_| {
            sender.send_to(&[0; 1_000], address).unwrap();
            of(address).filter(|drops| *drops > 0)
        });
        assert!(drops.is_some());
    }
}
