//! How large the program is.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::bench::Bench;
use crate::console_process;
use crate::figures::{Figure, Measured, Unit};

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let figure = of("stripped program", &bench.program, bench.directory())?;
    Ok(vec![match figure.measured {
        Measured::Is(_) => figure.at_most(12.0),
        _ => figure,
    }])
}

/// The features that are not in the default build: whoever wants AWS pays for them.
const FEATURES: &[&str] = &["aws", "https"];

/// Builds the console again, and then again as it was: this takes minutes.
pub(crate) fn measure_with_aws(bench: &Bench) -> Result<Vec<Figure>> {
    let program = console_process::build(FEATURES)?;
    let figure = of("stripped program with the features aws and https", &program, bench.directory());
    console_process::build(&[])?;
    Ok(vec![figure?])
}

fn of(name: &str, program: &Path, directory: &Path) -> Result<Figure> {
    let stripped = directory.join("stripped");
    let Ok(status) = Command::new("strip").arg("-o").arg(&stripped).arg(program).status() else {
        return Ok(Figure::missing(name, "`strip` of binutils is not on the PATH".to_owned()));
    };
    ensure!(status.success(), "`strip` ended with {status}");
    let bytes = |path: &Path| anyhow::Ok(std::fs::metadata(path)?.len() as f64 / 1e6);
    let beside = format!("not stripped {:.2}", bytes(program)?);
    Ok(Figure::new(name, bytes(&stripped)?, Unit::Megabytes).beside(beside))
}
