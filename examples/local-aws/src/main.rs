//! Serves DynamoDB, S3 and SQS until Ctrl-C: `cargo run -p local-aws -- [IP:PORT]`.

use std::error::Error;
use std::net::SocketAddr;

use local_aws::LocalAws;

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:4566".into());
    let address: SocketAddr = address
        .parse()
        .map_err(|_| format!("{address:?} is no address; write IP:PORT, such as 127.0.0.1:4566"))?;
    let aws = LocalAws::listen(address)?;
    for (name, value) in aws.variables() {
        println!("export {name}={value}");
    }
    loop {
        std::thread::park();
    }
}
