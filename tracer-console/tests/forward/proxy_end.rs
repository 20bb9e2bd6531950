//! An HTTP proxy that knows names which nobody else does: tunnels for CONNECT, and requests for whole addresses.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// It goes on until the tests end.
pub(crate) struct ProxyEnd {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Where the names lead to; the ports that are asked for do not matter.
type Names = BTreeMap<String, SocketAddr>;

impl ProxyEnd {
    pub(crate) fn knowing(names: &[(&str, SocketAddr)]) -> Self {
        let names: Names = names.iter().map(|(name, address)| ((*name).to_owned(), *address)).collect();
        let names = Arc::new(names);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (names, heard) = (Arc::clone(&names), Arc::clone(&heard));
                std::thread::spawn(move || serve(&stream, &names, &heard));
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first line of each request, without what follows the address.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// One request; a tunnel lasts as long as its ends do.
fn serve(stream: &TcpStream, names: &Names, heard: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let target = rest.split(' ').next()?;
    heard.lock().unwrap().push(format!("{method} {target}"));
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "connection" | "proxy-connection" => continue,
            _ => {}
        }
        headers.push_str(&line);
    }
    let authority = target.strip_prefix("http://").unwrap_or(target).split('/').next()?;
    let name = authority.split(':').next()?;
    let mut client = stream;
    let Some(address) = names.get(name) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").ok();
    };
    let mut far = TcpStream::connect(address).ok()?;
    if method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
        let (from, to) = (stream.try_clone().ok()?, far.try_clone().ok()?);
        std::thread::spawn(move || pass_on(from, &to));
    } else {
        let path = target.strip_prefix("http://")?.strip_prefix(authority)?;
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        write!(far, "{method} {path} HTTP/1.1\r\n{headers}connection: close\r\n\r\n").ok()?;
        far.write_all(&body).ok()?;
    }
    pass_on(far, stream);
    Some(())
}

fn pass_on(mut from: TcpStream, mut to: &TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}
