//! The machine code of the twins, as text by function, without the names that differ from build to build.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

/// The instructions and labels of each function.
pub(crate) struct Assembly {
    functions: BTreeMap<String, Vec<String>>,
}

impl Assembly {
    /// Compiles the twins in release with these features.
    pub(crate) fn of_twins(features: &str) -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("twins");
        // The compiler takes a comma for the end of the path.
        let file = target.join(format!("twins-{}.s", features.replace(',', "-")));
        // No network: what the twins need is part of what these tests need.
        let built = Command::new(env!("CARGO"))
            .args(["rustc", "--quiet", "--locked", "--offline", "--release", "--package=tracer-tests-twins"])
            .args(["--lib", "--features", features, "--", "--emit", &format!("asm={}", file.display())])
            .args(["-C", "symbol-mangling-version=v0"])
            .env("CARGO_TARGET_DIR", &target)
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Self::parse(&std::fs::read_to_string(file).expect("the compiler wrote it"))
    }

    fn parse(text: &str) -> Self {
        let mut functions = BTreeMap::<_, Vec<String>>::new();
        let mut name = String::new();
        let mut labels = Labels::default();
        for line in text.lines() {
            match line.strip_suffix(':') {
                Some(label) if !is_local(label) => {
                    name = demangled(label);
                    labels = Labels::default();
                }
                _ if is_code(line) => functions.entry(name.clone()).or_default().push(labels.rename(line)),
                _ => {}
            }
        }
        // Tables for unwinding have labels only.
        functions.retain(|_, code| code.iter().any(|line| line.starts_with('\t')));
        Self { functions }
    }

    /// All functions' names.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.functions.keys().map(String::as_str).collect()
    }

    /// The code of a function, if it was compiled.
    pub(crate) fn function(&self, name: &str) -> Option<&[String]> {
        self.functions.get(name).map(Vec::as_slice)
    }
}

impl fmt::Display for Assembly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names().iter().try_for_each(|name| writeln!(f, "{name}"))
    }
}

/// An instruction or a label to jump to; what begins with a dot otherwise is for the assembler.
fn is_code(line: &str) -> bool {
    let text = line.trim_start();
    !text.is_empty() && (line.ends_with(':') || !text.starts_with('.'))
}

/// Labels that the compiler numbers, as ELF and Mach-O spell them.
fn is_local(word: &str) -> bool {
    [".L", "L_", "LBB", "l_", "Ltmp", "Lfunc"].iter().any(|prefix| word.starts_with(prefix))
}

/// Without the crate's hash, and without the crate's name where it is the twins'.
fn demangled(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol)).replace("tracer_tests_twins::", "")
}

/// New names for labels, in the order in which a function uses them: panic locations are among these.
#[derive(Default)]
struct Labels {
    known: Vec<String>,
}

impl Labels {
    fn rename(&mut self, line: &str) -> String {
        let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '$'));
        line.split_inclusive(is_end)
            .map(|part| {
                let word = part.trim_end_matches(is_end);
                self.renamed(word) + &part[word.len()..]
            })
            .collect()
    }

    fn renamed(&mut self, word: &str) -> String {
        if !is_local(word) {
            return demangled(word);
        }
        let at = self.known.iter().position(|known| known == word).unwrap_or_else(|| {
            self.known.push(word.to_owned());
            self.known.len() - 1
        });
        format!("label{at}")
    }
}
