use tracer_runtime::capture_method;

#[capture_method]
mod orders {
    pub fn load() {}
}

fn main() {
    orders::load();
}
