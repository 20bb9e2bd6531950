//! Files that hold what was traced, and so may hold secrets.

use std::path::Path;

/// Makes the file where there is none, such that only its owner may read it. Where it cannot be made, opening it says why.
pub(crate) fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let _ = options.open(path);
}
