//! What real X-Ray SDKs sent, out and back. Skipped where the corpus is not beside the workspace.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracer_console::{SqliteStore, TraceStore};

use crate::running::{ask, console, everything, program, says};

fn files() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let Ok(folders) = corpus.read_dir() else {
        eprintln!("skipped: no corpus at {}", corpus.display());
        return Vec::new();
    };
    let folders = folders.filter_map(|folder| folder.ok()?.path().read_dir().ok());
    let files = folders.flatten().filter_map(|file| Some(file.ok()?.path()));
    // An empty file says that the SDK sent nothing.
    let is_recording = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "jsonl");
    files.filter(is_recording).filter(|file| file.metadata().is_ok_and(|file| file.len() > 0)).collect()
}

#[test]
fn the_corpus_is_imported_exported_and_imported_again_into_the_same_traces() {
    let files = files();
    if files.is_empty() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let from = console();
    for file in &files {
        says(&ask(&from, &["import", file.to_str().unwrap()]));
    }
    let expected = everything(from.store());
    assert!(expected.len() > 10);
    for name in ["corpus.ndjson", "corpus.html.gz"] {
        let path = directory.path().join(name);
        let path = path.to_str().unwrap();
        says(&ask(&from, &["export", "--last", "100years", "-o", path]));
        let to = console();
        says(&ask(&to, &["import", path]));
        assert_eq!(everything(to.store()), expected, "{name}");
        // The same by files alone, without a console.
        let database = directory.path().join(format!("{name}.db"));
        let database = database.to_str().unwrap();
        says(&program().args(["import", path, "--db", database]).output().unwrap());
        let again = directory.path().join(format!("again.{name}"));
        let again = again.to_str().unwrap();
        let exported = ["export", "--db", database, "--last", "100years", "-o", again];
        says(&program().args(exported).output().unwrap());
        let store: Arc<dyn TraceStore> = Arc::new(SqliteStore::open_read_only(Path::new(database)).unwrap());
        assert_eq!(everything(&store), expected, "{name}");
        if name.ends_with(".ndjson") {
            assert!(std::fs::read(again).unwrap() == std::fs::read(path).unwrap(), "byte for byte");
        }
    }
}
