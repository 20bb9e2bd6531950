//! What real X-Ray SDKs sent, linted: they tell much that X-Ray drops, and nothing for which it would refuse a document.

#[path = "corpus/recordings.rs"]
mod recordings;

use std::path::{Path, PathBuf};

use tracer_console::{LintLevel, Linted, lint};

use self::recordings::recordings;

/// Datagrams as they were sent, one a file: those that the fuzz target `udp_intake` begins with.
fn seeds() -> Vec<PathBuf> {
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/seeds/udp_intake"))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    directory.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn nothing_that_real_sdks_send_is_refused() {
    let seeds = seeds();
    assert!(seeds.len() > 40);
    let mut documents = 0;
    for path in seeds.into_iter().chain(recordings()) {
        let linted = Linted::of(std::fs::read(&path).unwrap());
        assert_eq!(linted.refused(), 0, "{}: {:#?}", path.display(), linted.findings());
        documents += linted.documents();
    }
    assert!(documents > 40, "only {documents} documents");
}

#[test]
fn what_they_lose_is_what_their_users_wrote_wrong() {
    for path in seeds() {
        for finding in Linted::of(std::fs::read(&path).unwrap()).findings() {
            let is_annotation = finding.path.contains("/annotations/");
            assert!(
                finding.level < LintLevel::Dropped || is_annotation || finding.path.is_empty(),
                "{}: {finding}",
                path.display()
            );
        }
    }
}

#[test]
fn the_order_of_the_examples_is_taken_whole() {
    let findings = lint(include_str!("data/order.jsonl"));
    assert!(findings.iter().all(|finding| finding.level == LintLevel::Advice), "{findings:#?}");
}

/// Ten times as much takes about ten times as long; what is not linear takes hundreds of times as long, and would not end.
#[test]
fn a_large_file_of_broken_things_is_read_in_one_go() {
    for piece in [
        "{",
        "[",
        "{\"a\":[",
        "\"",
        "x\n",
        "{}",
        ",",
        "{\"format\":\"json\",\"version\":1}\n",
        "{\"a\":1}\n{\n",
    ] {
        let file = piece.repeat(200_000 / piece.len());
        assert!(Linted::of(&file).documents() > 0, "{piece}");
    }
}
