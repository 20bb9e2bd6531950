use tracer_runtime::capture_method;

#[capture_method]
fn load(words: Vec<String>) -> usize {
    let moved = words;
    moved.len() + words.len()
}

fn main() {}
