//! What real X-Ray SDKs sent, out and back. Skipped where the corpus is not beside the workspace.

#[path = "../corpus/recordings.rs"]
mod recordings;

use std::path::Path;
use std::sync::Arc;

use tracer_console::{SqliteStore, TraceStore};

use self::recordings::recordings;
use crate::running::{ask, console, everything, program, says};

#[test]
fn the_corpus_is_imported_exported_and_imported_again_into_the_same_traces() {
    let mut files = recordings();
    files.retain(|file| file.metadata().is_ok_and(|file| file.len() > 0));
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
