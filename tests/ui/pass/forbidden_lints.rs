#![forbid(unsafe_code, unreachable_code, unused_must_use, unused_variables, unused_mut)]

use tracer_runtime::capture_method;

#[capture_method]
fn never() -> ! {
    std::process::exit(0)
}

#[capture_method]
async fn never_async() -> ! {
    loop {
        std::future::pending::<()>().await;
    }
}

#[capture_method]
async fn diverges() -> Result<u8, String> {
    panic!()
}

#[capture_method]
fn infallible(fails: bool) -> Result<u8, std::convert::Infallible> {
    if fails { panic!() } else { Ok(1) }
}

fn main() {
    drop((never_async(), diverges()));
    assert_eq!(infallible(false), Ok(1));
    never();
}
