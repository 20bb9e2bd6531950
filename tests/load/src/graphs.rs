//! The service graph and the time series of stretches of a day.

use std::collections::HashSet;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::api::Api;
use crate::bench::Bench;
use crate::console_process::Console;
use crate::figures::{Figure, Unit, grouped};
use crate::latencies::Latencies;
use crate::million::Filled;

pub(crate) fn measure(bench: &Bench, filled: &Filled, console: &Console) -> Result<Vec<Figure>> {
    let api = console.api();
    let mut figures = Vec::new();
    for (hours, target) in [(1, Some(100.0)), (6, None)] {
        figures.extend(graph(bench, filled, &api, hours, target)?);
        figures.push(series(bench, filled, &api, hours)?);
    }
    Ok(figures)
}

fn requests(filled: &Filled, hours: u64) -> String {
    format!("about {} requests", grouped(filled.traces * hours / 24))
}

/// Stretches that nobody asked about yet, and the same again.
fn graph(bench: &Bench, filled: &Filled, api: &Api, hours: u64, target: Option<f64>) -> Result<Vec<Figure>> {
    let stretches = distinct(bench, filled, hours);
    let mut figures = Vec::new();
    for what in ["first", "again"] {
        let (mut latencies, mut services) = (Latencies::default(), 0);
        for between in &stretches {
            let (answer, took) = api.call("/ServiceGraph", &range(*between))?;
            latencies.add(took);
            services = answer["Services"].as_array().context("no Services")?.len();
        }
        let name = format!("service graph of {hours} h, {what}, p95");
        let beside = format!("{}; {services} services, {}", latencies.words(), requests(filled, hours));
        let figure = Figure::new(name, latencies.percentile(95), Unit::Milliseconds).beside(beside);
        figures.push(figure.aimed_at(target));
    }
    Ok(figures)
}

fn series(bench: &Bench, filled: &Filled, api: &Api, hours: u64) -> Result<Figure> {
    let (mut latencies, mut entries) = (Latencies::default(), 0);
    for between in distinct(bench, filled, hours) {
        let (answer, took) = api.call("/TimeSeriesServiceStatistics", &range(between))?;
        latencies.add(took);
        entries = answer["TimeSeriesServiceStatistics"].as_array().context("no statistics")?.len();
    }
    let beside = format!("{}; {entries} minutes", latencies.words());
    let name = format!("time series of {hours} h, p95");
    Ok(Figure::new(name, latencies.percentile(95), Unit::Milliseconds).beside(beside))
}

fn range((begin, end): (u64, u64)) -> Value {
    json!({ "StartTime": begin as f64 / 1e6, "EndTime": end as f64 / 1e6 })
}

fn distinct(bench: &Bench, filled: &Filled, hours: u64) -> HashSet<(u64, u64)> {
    (0..bench.scale.questions).map(|at| filled.hours(hours, 100 + at)).collect()
}
