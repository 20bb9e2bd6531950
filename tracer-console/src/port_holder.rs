//! Who listens on a port already: Linux says so in `/proc`, of the processes of one's own.

use std::fs;
use std::net::SocketAddr;

/// The process that has the port of `address`, such as ` (held by xray, process 4711)`; nothing where the system does not
/// say.
pub(crate) fn of(protocol: &str, address: SocketAddr) -> String {
    let tables = [protocol.to_lowercase(), format!("{}6", protocol.to_lowercase())];
    let tables = tables.iter().filter_map(|table| fs::read_to_string(format!("/proc/net/{table}")).ok());
    let sockets: Vec<_> = tables.flat_map(|table| sockets_on(&table, address.port())).collect();
    let held = holder(&sockets).map(|(name, id)| format!(" (held by {}, process {id})", name.escape_debug()));
    held.unwrap_or_default()
}

/// What `/proc/PID/fd` calls the sockets that are bound to a port and connected to nobody.
fn sockets_on(table: &str, port: u16) -> Vec<String> {
    let rows = table.lines().skip(1).filter_map(|line| {
        let columns: Vec<_> = line.split_ascii_whitespace().collect();
        let [_, local, remote, _, _, _, _, _, _, inode, ..] = columns[..] else { return None };
        let is_port = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()? == port;
        (is_port && remote.ends_with(":0000")).then(|| format!("socket:[{inode}]"))
    });
    rows.collect()
}

/// The name and the id of a process that has one of the sockets open.
fn holder(sockets: &[String]) -> Option<(String, u32)> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let id = ids.find(|id| {
        let open = fs::read_dir(format!("/proc/{id}/fd")).into_iter().flatten().flatten();
        let mut targets = open.filter_map(|entry| fs::read_link(entry.path()).ok());
        targets.any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
    })?;
    let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    Some((name.trim().to_owned(), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inodes_of_a_ports_listening_sockets_are_read() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:07D0 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0 0 10 0
   1: 0100007F:07D0 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 12346 1 0 20 4 30 10 -1
   2: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12347 1 0 100 0 0 10 0
";
        assert_eq!(sockets_on(table, 2000), ["socket:[12345]"]);
        assert!(sockets_on("nonsense", 2000).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whoever_listens_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let held = of("TCP", listener.local_addr().unwrap());
        assert!(held.contains(&format!("process {}", std::process::id())), "{held}");
        let free = listener.local_addr().unwrap();
        drop(listener);
        assert_eq!(of("TCP", free), "");
    }
}
